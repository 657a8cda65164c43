from django.urls import include, path
from oauth2_provider.views import ConnectDiscoveryInfoView, JwksInfoView, RevokeTokenView, UserInfoView

from accounts.views import openid, receipts, security, signin

# Under the names that django-oauth-toolkit knows them by.
openid_patterns = [
    path(".well-known/openid-configuration", ConnectDiscoveryInfoView.as_view(), name="oidc-connect-discovery-info"),
    path("openid/authorize/", openid.authorize, name="authorize"),
    path("openid/token/", openid.Token.as_view(), name="token"),
    path("openid/userinfo/", UserInfoView.as_view(), name="user-info"),
    path("openid/introspect/", openid.Introspect.as_view(), name="introspect"),
    path("openid/revoke/", RevokeTokenView.as_view(), name="revoke-token"),
    path("openid/jwks/", JwksInfoView.as_view(), name="jwks-info"),
    path("openid/logout/", openid.sign_out, name="rp-initiated-logout"),
]

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
    path("", include((openid_patterns, "oauth2_provider"))),
    path("sms/twilio/<int:attempt>/", receipts.twilio_receipt, name="twilio_receipt"),
]
