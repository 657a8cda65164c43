from django.urls import path
from oauth2_provider.views import ConnectDiscoveryInfoView, JwksInfoView, RevokeTokenView, UserInfoView

from accounts.openid import views

# Under the names that django-oauth-toolkit knows them by.
urlpatterns = [
    path(".well-known/openid-configuration", ConnectDiscoveryInfoView.as_view(), name="oidc-connect-discovery-info"),
    path("openid/authorize/", views.authorize, name="authorize"),
    path("openid/token/", views.Token.as_view(), name="token"),
    path("openid/userinfo/", UserInfoView.as_view(), name="user-info"),
    path("openid/introspect/", views.Introspect.as_view(), name="introspect"),
    path("openid/revoke/", RevokeTokenView.as_view(), name="revoke-token"),
    path("openid/jwks/", JwksInfoView.as_view(), name="jwks-info"),
    path("openid/logout/", views.sign_out, name="rp-initiated-logout"),
]
