from django.urls import path

from accounts.signin.pages import elsewhere_views, factor_views, passkey_views, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/code/", views.sign_in_code, name="sign_in_code"),
    path("sign-in/phone/", views.sign_in_phone, name="sign_in_phone"),
    path("sign-in/app/", factor_views.sign_in_app, name="sign_in_app"),
    path("sign-in/app/new/", factor_views.sign_in_app_new, name="sign_in_app_new"),
    path("sign-in/passkey/", passkey_views.sign_in_passkey, name="sign_in_passkey"),
    path("sign-in/recovery/", factor_views.sign_in_recovery, name="sign_in_recovery"),
    path("sign-in/help/", views.sign_in_help, name="sign_in_help"),
    path("sign-in/still-here/", views.still_here, name="still_here"),
    path("sign-in/elsewhere/<slug:slug>/", elsewhere_views.leave, name="sign_in_elsewhere"),
    path("sign-in/elsewhere/<slug:slug>/back/", elsewhere_views.arrive, name="sign_in_elsewhere_back"),
    path("sign-out/", views.sign_out, name="sign_out"),
]
