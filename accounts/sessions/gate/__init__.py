"""What stands before a page: closed by default, a fresh second step where one is asked for, and whose the form is."""
