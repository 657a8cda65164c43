from django.urls import path

from accounts.security import views
from accounts.security.activity_views import sign_out_browser

# Pages that need something of apppasswords too are in portal/urls.py.
urlpatterns = [
    path("security/confirm/", views.confirm, name="confirm"),
    path("security/phone/", views.phone, name="phone"),
    path("security/phone/change/", views.phone_change, name="phone_change"),
    path("security/browsers/", views.browsers, name="browsers"),
    path("security/activity/sign-out/", sign_out_browser, name="sign_out_browser"),
    path("security/password/", views.password, name="password"),
]
