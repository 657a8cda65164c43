from django.apps import AppConfig


class LogConfig(AppConfig):
    name = "accounts.log"
    label = "log"
