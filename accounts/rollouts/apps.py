from django.apps import AppConfig


class RolloutsConfig(AppConfig):
    name = "accounts.rollouts"
    label = "rollouts"
