from django.apps import AppConfig


class MailLoginsConfig(AppConfig):
    name = "accounts.maillogins"
    label = "maillogins"
