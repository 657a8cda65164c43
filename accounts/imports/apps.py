from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "accounts.imports"
    label = "imports"
