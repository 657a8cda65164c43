from django.urls import path

from accounts.delivery import views

urlpatterns = [
    path("sms/twilio/<int:attempt>/", views.twilio_receipt, name="twilio_receipt"),
]
