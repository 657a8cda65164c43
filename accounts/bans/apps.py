from django.apps import AppConfig


class BansConfig(AppConfig):
    name = "accounts.bans"
    label = "bans"
