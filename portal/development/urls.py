from django.urls import path

from portal.development import views

urlpatterns = [
    path("outbox/", views.outbox, name="outbox"),
]
