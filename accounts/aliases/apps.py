from django.apps import AppConfig


class AliasesConfig(AppConfig):
    name = "accounts.aliases"
    label = "aliases"
