from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "accounts.delivery"
    label = "delivery"
