from django.apps import AppConfig


class RoutesConfig(AppConfig):
    name = "accounts.routes"
    label = "routes"
