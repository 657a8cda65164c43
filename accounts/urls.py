from django.urls import path

from accounts.views import receipts, security, signin

urlpatterns = [
    path("sign-in/", signin.sign_in, name="sign_in"),
    path("sign-in/code/", signin.sign_in_code, name="sign_in_code"),
    path("sign-in/phone/", signin.sign_in_phone, name="sign_in_phone"),
    path("sign-in/help/", signin.sign_in_help, name="sign_in_help"),
    path("sign-out/", signin.sign_out, name="sign_out"),
    path("security/confirm/", security.confirm, name="confirm"),
    path("security/phone/", security.phone, name="phone"),
    path("security/phone/change/", security.phone_change, name="phone_change"),
    path("security/browsers/", security.browsers, name="browsers"),
    path("security/password/", security.password, name="password"),
    path("sms/twilio/<int:attempt>/", receipts.twilio_receipt, name="twilio_receipt"),
]
