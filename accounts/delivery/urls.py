from django.urls import path

from accounts.delivery import views

urlpatterns = [
    path("sms/receipts/<slug:gateway>/<str:secret>/", views.receipt, name="sms_receipt"),
    path("sms/twilio/<int:attempt>/", views.twilio_receipt, name="twilio_receipt"),
]
