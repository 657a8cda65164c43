from django.apps import AppConfig


class AppPasswordsConfig(AppConfig):
    name = "apppasswords"
