<?php
// Roundcube 1.6 on Debian 12, behind the portal's sign-in (docs/webmail.md). The whole configuration: it takes the
// place of /etc/roundcube/config.inc.php. What is not here is as in /etc/roundcube/defaults.inc.php.
$config = [];

// Secrets are not in this file but in files of their own, which only root and PHP can read.
$secret = fn ($name) => trim(file_get_contents("/etc/roundcube/secrets/$name"));

// The database, as `dpkg-reconfigure roundcube-core` has set it up. It keeps settings, contacts and sessions, no mail.
include '/etc/roundcube/debian-db-roundcube.php';

// --- Names: change these ------------------------------------------------------------------------------------------

$portal = 'https://security.mail.example.edu';
$mail   = 'mail.example.edu';

$config['product_name']          = '示例大学邮箱';
$config['support_url']           = $portal;
$config['trusted_host_patterns'] = ['webmail.example.edu'];  // the address of this site: no link is built from another

// --- Who gets in: the portal decides, and nobody else (plugins/mailkey) ----------------------------------------------

$config['oauth_provider']       = 'generic';
$config['oauth_provider_name']  = '邮箱安全登录';
$config['oauth_client_id']      = 'roundcube';
$config['oauth_client_secret']  = $secret('client');
$config['oauth_auth_uri']       = "$portal/openid/authorize/";
$config['oauth_token_uri']      = "$portal/openid/token/";
$config['oauth_identity_uri']   = "$portal/openid/userinfo/";
$config['oauth_identity_fields'] = ['email'];
$config['oauth_scope']          = 'openid email profile mail';
$config['oauth_verify_peer']    = true;
$config['oauth_login_redirect'] = true;  // no form for passwords
$config['mailkey_sign_out_uri'] = "$portal/openid/logout/";

$config['plugins'] = ['mailkey', 'managesieve', 'markasjunk'];

// Nobody guesses passwords here; Roundcube's own limit would only add a wait after an outage.
$config['login_rate_limit'] = 0;

// --- Mail servers: Dovecot with mailkey/webmail.conf.ext, TLS from the first byte, certificates verified ------------

$tls = ['ssl' => ['verify_peer' => true, 'verify_peer_name' => true, 'cafile' => '/etc/ssl/certs/ca-certificates.crt']];

$config['imap_host']         = "ssl://$mail:993";
$config['imap_conn_options'] = $tls;
$config['imap_timeout']      = 10;  // seconds
$config['smtp_host']         = "ssl://$mail:465";
$config['smtp_user']         = '%u';
$config['smtp_pass']         = '%p';
$config['smtp_conn_options'] = $tls;
$config['smtp_timeout']      = 10;

$config['managesieve_host']         = "tls://$mail:4190";  // ManageSieve knows only STARTTLS
$config['managesieve_conn_options'] = $tls;

// --- Sessions --------------------------------------------------------------------------------------------------------

$config['des_key']          = $secret('session');  // encrypts tokens in the database
$config['cipher_method']    = 'AES-256-CBC';       // which needs 32 characters
$config['use_https']        = true;                // cookies by https only
$config['session_samesite'] = 'Lax';               // Strict would lose the session on the way back from the portal
// Minutes without a request; an open page asks each minute. Also how long somebody may take at the portal, binding a
// phone. However busy, it ends with the sign-in on the portal: when that is over, no token is renewed.
$config['session_lifetime'] = 60;

// --- Pages -----------------------------------------------------------------------------------------------------------

// Chinese, unless the browser asks for English. People can change it in their settings.
$config['language'] = preg_match('/^en\b/i', $_SERVER['HTTP_ACCEPT_LANGUAGE'] ?? '') ? 'en_US' : 'zh_CN';
// Times as here: who comes from the portal brings no time zone along.
$config['timezone']     = 'Asia/Shanghai';
$config['date_formats'] = ['Y-m-d', 'Y/m/d', 'Y.m.d', 'd/m/Y'];

$config['skin']                 = 'elastic';
$config['display_product_info'] = 0;
$config['identities_level']     = 1;  // Postfix refuses mail in another name (smtpd_sender_login_maps)
$config['show_images']          = 0;  // pictures from elsewhere tell the sender who reads; people load them by a click
$config['htmleditor']           = 1;
$config['enable_spellcheck']    = false;  // it would send texts elsewhere
$config['enable_installer']     = false;
$config['max_message_size']     = '50M';  // as message_size_limit in Postfix, client_max_body_size in nginx, the pool

// --- Logs: /var/log/roundcube, who and from where. Never with debug on: it writes out mails and tokens. --------------

$config['log_driver'] = 'file';
$config['log_logins'] = true;
foreach (['imap', 'smtp', 'sql', 'session', 'managesieve'] as $part) {
    $config["{$part}_debug"] = false;
}
