"""What only a test needs of each server's settings: high ports, folders of its own, no waiting after a refusal."""

import re

DOVECOT = """
listen = {listen}
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}.log
auth_failure_delay = 0
"""
FIRST_WAY = (
    DOVECOT
    + """
submission_relay_port = {ports[relay]}
service imap-login {{
  inet_listener imaps {{
    port = {ports[imap]}
  }}
}}
service pop3-login {{
  inet_listener pop3s {{
    port = {ports[pop3]}
  }}
}}
service submission-login {{
  inet_listener submissions {{
    port = {ports[smtp]}
  }}
}}
service managesieve-login {{
  inet_listener sieve {{
    port = {ports[sieve]}
  }}
}}
"""
)
BEHIND_NGINX = (
    DOVECOT
    + """
protocols = imap pop3 submission
submission_relay_port = {ports[relay]}
service submission-login {{
  inet_listener submission {{
    port = {ports[smtp]}
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {ports[imap]}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {ports[pop3]}
  }}
}}
"""
)
POSTFIX = """
inet_interfaces = {listen}
mynetworks = 127.0.0.1/32
inet_protocols = all
queue_directory = {folder}/spool
data_directory = {folder}/state
maillog_file_prefixes = {folder}
maillog_file = {folder}/postfix.log
"""
# How Postfix would check passwords itself, by Dovecot's socket (docs/mail-servers/dovecot.md says why it should not).
SASL = """
127.0.0.1:{port} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes
"""
NGINX = """
load_module modules/ngx_mail_module.so;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}.log;
events {{}}
http {{
    include {folder}/mail-login.conf;
    {temp_paths}
}}
include {folder}/mail.conf;
"""


def limited(master: str, port: int, other: int) -> str:
    """Dovecot's listener once more, at another port, with the limit for each account as master.cf says it is put in."""
    [listener] = re.findall(rf"(?m)^127\.0\.0\.1:{port} inet .*\n(?:(?:  -o|#).*\n)+", master)
    off, on = "  -o smtpd_recipient_restrictions=\n", "# -o smtpd_recipient_restrictions=check_policy_service"
    assert off in listener
    assert on in listener
    text: str = listener.replace(off, "").replace(on, on.replace("#", " ")).replace(f":{port} ", f":{other} ")
    return text
