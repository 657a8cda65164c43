"""The four ways through the house, as docs/architecture.md draws them: who calls whom, from the page to the table.

Each line is `module:function | words`, deeper by two blanks than its caller. `~` before it: not called, but led to by a
name, which the words in brackets say.
"""

WAYS = {
    "A sign-in": """
accounts.signin.pages.views:sign_in | name and password come in
  accounts.signin.signin:start | may this go on, and how?
    accounts.bans.attempts:enter | compared, and counted if it is wrong
      accounts.bans.trials:of | banned? known there? all of it in one statement
      accounts.bans.brake:claim | guessed at from many addresses? then only where it is known
      accounts.users.mailbox_passwords:check_password | whoever keeps the passwords is asked
      accounts.bans.failures:note_failure | a wrong one counts; the tenth bans
    accounts.signin.signin:second_step | in, bind a phone, or a code
      accounts.phones.phones:read | is a phone bound?
      accounts.browsers.browsers:recognise | a trusted browser needs no code
  accounts.sessions.halfway:begin | half-way, under a new session key
accounts.signin.pages.views:sign_in_code | the code comes in
  accounts.signin.steps.sms:CodeStep | one code for one purpose
    accounts.codes.codes:check | the code of this account, number, purpose and session
      accounts.codes.guesses:check | counted before it is compared; used up if right
  accounts.sessions.sessions:open_for | in, under a new session key
  accounts.log.events:record | who signed in, from where
""",
    "An SMS": """
accounts.signin.steps.sms:CodeStep | somebody needs a code
  accounts.codes.codes:issue | limits are counted, the row is written; earlier codes are void
    accounts.delivery.queue:enqueue | once the row is committed
      ~accounts.routes.tasks:send_sms | (Celery, by the name of the task that the row's model says)
        accounts.delivery.sending:send | claimed by one worker, sent at most once
        accounts.routes.routing:carry | to one gateway after the other, until one has it or may have it
          accounts.routes.plans:of | in the order that the settings give the number's country
          accounts.routes.outages:current | those that do not work at the moment are left out
          accounts.routes.spending:begin | the budgets of today hold it; the attempt is written down
          accounts.delivery.gateways:send | to this one; the digits are derived now, and stored nowhere
            ~accounts.delivery.gateways.twilio:send | (a module by the name of the gateway)
accounts.delivery.views:twilio_receipt | the gateway says what became of it
  accounts.delivery.receipts:note | of which SMS it speaks
    accounts.delivery.sending:note_receipt | the story only moves forward, that of each attempt too
accounts.delivery.tasks:sweep | every few seconds
  accounts.delivery.sweeps:unclaimed | what no worker took is queued again
""",
    "A mail login": """
apppasswords.maillogin.server.request:MailServer | a mail server asks: may this login in?
  apppasswords.maillogin.server.conversation:Conversation | HTTP, one message after the other
  apppasswords.maillogin.wire:read | what Dovecot sent; nginx has its own form
apppasswords.maillogin.server.request:Request | it waits its turn, and not for long
  apppasswords.maillogin.asking.lane:Lane | asks without waiting, where that is enough
  apppasswords.maillogin.quick:Deciding | the right app password, a ban, a plain failure
    apppasswords.maillogin.asking.app_password:question | the right one ends here: one plain statement
    apppasswords.maillogin.asking.function:question | all of it in one round trip, by a function in PostgreSQL
apppasswords.maillogin.service:decide | all else, in a thread: its turn has come
  apppasswords.maillogin.asking.deadline:Watchdog | an answer in time, or "cannot tell"
  apppasswords.maillogin.decision:verify | banned? known? app password, or the mailbox password?
    apppasswords.maillogin.facts:now | all that it needs in one statement
    accounts.bans.trials:of | only where two-step is off and the account was never seen there
    accounts.bans.brake:claim | guessed at from many addresses?
    accounts.users.mailbox_passwords:check_password | only where two-step is off
    accounts.bans.failures:note_failure | a wrong one counts; the tenth bans
    accounts.log.events:record | a name without its domain is told to its owner
apppasswords.maillogin.server.request:Decided | the answer; a refusal leaves on the hour
  apppasswords.maillogin.wire:write_form | one line, and a status
apppasswords.maillogin.service:note | after the answer
  apppasswords.maillogin.afterwards:Notebook | all that a thread writes, soon
    accounts.bans.where.places:note | from where the account gets in
    accounts.maillogins.maillogins:write | who came in, by which protocol and method
    apppasswords.last_use:note | when the app password was last used
""",
    "A clerk's button": """
~portal.office.site:PortalAdminSite | (Django's admin, for who has entered a code)
  portal.office.desk.views:page | the page about one person; a button is pressed, with a reason
    accounts.sessions.clients:address | from where
    ~portal.office.desk.second_step:unbind_phone | (by the button's name; only if it was decided on what was shown)
      accounts.phones.phones:unbind | what hangs on the phone goes with it
        accounts.codes.codes:void | codes on their way are void
        accounts.log.events:record | who did it, to whom, why
        accounts.delivery.notices:by_mail | the owner is told
          accounts.delivery.queue:enqueue | once it is committed
""",
}
