from django.apps import AppConfig


class BrowsersConfig(AppConfig):
    name = "accounts.browsers"
    label = "browsers"
