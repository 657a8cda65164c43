"""What only a test needs of each server's settings: high ports, folders of its own, no waiting after a refusal."""

DOVECOT = """
listen = 127.0.0.1
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
inet_interfaces = 127.0.0.1
mynetworks = 127.0.0.1/32
inet_protocols = ipv4
queue_directory = {folder}/spool
data_directory = {folder}/state
maillog_file_prefixes = {folder}
maillog_file = {folder}/postfix.log
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
