from django.urls import path

from accounts.security import factor_views, passkey_views, views
from accounts.security.activity_views import sign_out_browser

# Pages that need something of apppasswords too are in portal/urls.py.
urlpatterns = [
    path("security/confirm/", views.confirm, name="confirm"),
    path("security/confirm/app/", factor_views.confirm_app, name="confirm_app"),
    path("security/confirm/passkey/", passkey_views.confirm_passkey, name="confirm_passkey"),
    path("security/confirm/recovery/", factor_views.confirm_recovery, name="confirm_recovery"),
    path("security/factors/", factor_views.factors, name="factors"),
    path("security/factors/app/", factor_views.factor_app_new, name="factor_app_new"),
    path("security/factors/app/<int:pk>/", factor_views.factor_app, name="factor_app"),
    path("security/factors/passkeys/", passkey_views.factor_passkeys, name="factor_passkeys"),
    path("security/factors/passkeys/<int:pk>/", passkey_views.factor_passkey, name="factor_passkey"),
    path("security/factors/recovery/", factor_views.factor_recovery, name="factor_recovery"),
    path("security/phone/", views.phone, name="phone"),
    path("security/phone/change/", views.phone_change, name="phone_change"),
    path("security/browsers/", views.browsers, name="browsers"),
    path("security/activity/sign-out/", sign_out_browser, name="sign_out_browser"),
    path("security/password/", views.password, name="password"),
]
