from django.urls import path

from accounts.security import views

# Pages that need something of apppasswords too are in portal/urls.py.
urlpatterns = [
    path("security/confirm/", views.confirm, name="confirm"),
    path("security/phone/", views.phone, name="phone"),
    path("security/phone/change/", views.phone_change, name="phone_change"),
    path("security/browsers/", views.browsers, name="browsers"),
    path("security/password/", views.password, name="password"),
]
