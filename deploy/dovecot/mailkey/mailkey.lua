-- Asks the mail login service about one login (docs/mail-servers.md), for Dovecot 2.3 and 2.4. Nothing to change here:
-- the address and the token come from dovecot.conf (MAILKEY_URL, MAILKEY_TOKEN_FILE).

local client
local token

-- What Dovecot calls the services. An unknown one goes out as it is, and is refused there.
local PROTOCOLS = { submission = "smtp" }

local function protocol(req)
  local service = req.protocol or req.service -- 2.4, 2.3
  return PROTOCOLS[service] or service
end

-- Two attempts: the service closed an idle connection, and that must not cost a login.
local OF_2_3 = {
  connect_timeout_msecs = 1000,
  request_timeout_msecs = 3000,
  request_absolute_timeout_msecs = 4000,
  max_attempts = 2,
  max_idle_time_msecs = 30000,
  user_agent = "dovecot",
}
local OF_2_4 = {
  connect_timeout = "1s",
  request_timeout = "3s",
  request_absolute_timeout = "4s",
  request_max_attempts = 2,
  max_idle_time = "30s",
  user_agent = "dovecot",
}

-- 2.4 refuses a name that it does not know. 2.3 would take it in silence, and wait without end: so its own come first.
function script_init()
  local is_2_3
  is_2_3, client = pcall(dovecot.http.client, OF_2_3)
  if not is_2_3 then
    client = dovecot.http.client(OF_2_4)
  end
  return 0
end

function script_deinit()
end

local function read_token()
  if token == nil then
    local name = os.getenv("MAILKEY_TOKEN_FILE") or "/etc/dovecot/mailkey.token"
    local file, problem = io.open(name)
    if file == nil then
      dovecot.i_error("mailkey: " .. problem)
      return nil
    end
    token = file:read("l")
    file:close()
  end
  return token
end

-- Every byte that is not unreserved is encoded, so any password arrives as it is.
local function encode(text)
  return (text:gsub("[^A-Za-z0-9_.~-]", function(byte) return string.format("%%%02X", byte:byte()) end))
end

local function form(fields)
  local pairs_of_it = {}
  for _, field in ipairs(fields) do
    pairs_of_it[#pairs_of_it + 1] = field[1] .. "=" .. encode(field[2] or "")
  end
  return table.concat(pairs_of_it, "&")
end

local function ask(req, password)
  local request = client:request { url = os.getenv("MAILKEY_URL"), method = "POST" }
  request:add_header("Authorization", "Bearer " .. token)
  request:add_header("Content-Type", "application/x-www-form-urlencoded")
  request:set_payload(form {
    { "user", req.user },
    { "password", password },
    { "protocol", protocol(req) },
    { "address", req.remote_ip },
    { "session", req.session },
  })
  return request:submit()
end

function auth_password_verify(req, password)
  if read_token() == nil then
    return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, ""
  end
  local answered, response = pcall(ask, req, password)
  if not answered then
    dovecot.i_error("mailkey: the question could not be asked")
    return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, ""
  end
  local status = response:status()
  if status == 200 then
    -- The mailbox as Mailkey writes it: the person may have typed a blank, capitals, a full-width sign. Without it the
    -- name is not known to be safe in a path, and nobody gets in.
    local mailbox = response:header("Auth-User")
    if mailbox == nil or not mailbox:match("^[a-z0-9._+'-]+@[a-z0-9.-]+$") or mailbox:match("^%.+@") then
      dovecot.i_error("mailkey: allowed, but without the name of the mailbox")
      return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, ""
    end
    return dovecot.auth.PASSDB_RESULT_OK, { user = mailbox }
  end
  if status == 401 and response:header("Mailkey-Refusal") == "password" and protocol(req) == "imap" then
    -- [AUTHENTICATIONFAILED]: the program asks for another password. A reason would make it [ALERT], which some take
    -- for a fault of the server, and go on with the old password until they are banned.
    return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, ""
  end
  if status == 401 or status == 429 then
    -- Refused. The text is for the person; the refusal itself is left to the next passdb (auth.conf).
    local text = (response:payload() or ""):gsub("%s+$", "")
    return dovecot.auth.PASSDB_RESULT_OK, { noauthenticate = "yes", reason = text }
  end
  -- Away, hanging, a wrong token, not understood: cannot tell. The program tries again later, nobody is to blame.
  dovecot.i_error("mailkey: no decision, status " .. tostring(status))
  return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, ""
end

-- Is asked where there is no password (a proxy, a delegated login): never a way in.
function auth_passdb_lookup(req)
  return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, ""
end
