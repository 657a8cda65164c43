"""Stands in for the process that reads workbooks: it takes all the memory that it is given, if it knows no secret."""

import os
import resource

from accounts.spreadsheets import workbooks

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (workbooks.MEMORY, workbooks.MEMORY))
    if "SECRET_KEY" not in os.environ:
        bytearray(4 * workbooks.MEMORY)
    print("{}")
