from django.urls import include, path

urlpatterns = [
    path("", include("accounts.signin.urls")),
    path("", include("accounts.security.urls")),
    path("", include(("accounts.openid.urls", "oauth2_provider"))),  # by the name that django-oauth-toolkit knows
    path("", include("accounts.delivery.urls")),
]
