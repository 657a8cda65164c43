from django.apps import AppConfig


class DevelopmentConfig(AppConfig):
    name = "portal.development"
    label = "development"
