from django.contrib.auth.hashers import Argon2PasswordHasher, PBKDF2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    """OWASP's first choice: a quarter of the time of Django's defaults, which thousands of sign-ins at 8:00 need."""

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1


class ClientSecret(PBKDF2PasswordHasher):
    """Secrets of applications are long and random: nobody guesses at them, and each login to webmail checks one."""

    algorithm = "client_secret"
    iterations = 1
