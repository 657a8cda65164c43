<?php
/**
 * Webmail behind the portal's sign-in (docs/webmail.md). Roundcube 1.6 signs people in by OAuth, and leaves gaps:
 *
 * - A return from the portal without `state` is taken when the session expects none: somebody could be signed in to
 *   another person's mailbox by a link. Here each return must answer a question of this very browser, once. Roundcube
 *   remembers one question; here each tab has its own, so that all tabs of a morning end well, and where they wanted to
 *   go. An answer to no question asks one, once: whom the portal knows is in without noticing.
 * - The password form is hidden, but a password that is posted is still tried. Here it is refused.
 * - A session goes on without its token on pages that need no mail server (contacts, settings), and shows errors on
 *   those that do. Here each request proves its token at the mail server first; who signed out of the portal, or was
 *   disabled, is led to the sign-in. Where that cannot be told at the moment, the session stays and shows nothing.
 * - After signing out, the next click signs in again without a question. Here signing out ends at the portal too.
 *
 * Settings (config.inc.php): mailkey_sign_out_uri, the portal's page that ends a sign-in.
 */
class mailkey extends rcube_plugin
{
    private const ID_TOKEN = 'mailkey_id_token';
    private const QUESTION = '__Host-mailkey_'; // cookies, one a question, so that tabs that begin at once keep theirs
    private const QUESTIONS = 10;
    private const LIFETIME = 3600; // seconds that somebody may take at the portal
    private const AGAIN = 'again';
    private const LINK_LENGTH = 1500;

    private $rcmail;
    private $name = '';
    private $id_token = '';
    private $why = '';
    private $link = [];

    public function init()
    {
        $this->rcmail = rcmail::get_instance();
        $this->add_texts('localization/');
        // Roundcube has no Chinese for these.
        $this->rcmail->load_language(null, [], [
            'oauthlogin'       => $this->gettext('signin'),
            'oauthloginfailed' => $this->gettext('failed'),
        ]);
        $this->add_hook('startup', [$this, 'startup']);
        $this->add_hook('authenticate', [$this, 'authenticate']);
        $this->add_hook('oauth_login', [$this, 'oauth_login']);
        $this->add_hook('user_create', [$this, 'user_create']);
        $this->add_hook('unauthenticated', [$this, 'unauthenticated']);
        $this->add_hook('login_failed', [$this, 'login_failed']);
        $this->add_hook('loginform_content', [$this, 'loginform_content']);
        $this->add_hook('error_page', [$this, 'error_page']);
        $this->add_hook('login_after', [$this, 'login_after']);
        $this->add_hook('logout_after', [$this, 'logout_after']);
    }

    /** Every request, before Roundcube does anything with it. */
    public function startup($args)
    {
        if ($args['task'] == 'login' && $args['action'] == 'oauth' && array_intersect_key($_GET, ['code' => 1, 'error' => 1])) {
            return $this->come_back($args);
        }
        if ($this->is_page() && ($args['task'] == 'login' && $args['action'] == 'oauth' || empty($_SESSION['user_id']))) {
            $this->ask($this->wanted());
        }
        if (!empty($_SESSION['user_id'])) {
            if ($args['task'] == 'logout') {
                $this->id_token = $this->rcmail->decrypt($_SESSION[self::ID_TOKEN] ?? '') ?: '';
            }
            else {
                $this->prove();
            }
        }
        return $args;
    }

    /** From the portal, with a code or with an error. */
    private function come_back($args)
    {
        // Roundcube writes the address to its log when something is wrong. The code stays out of it.
        $_SERVER['REQUEST_URI'] = strtok($_SERVER['REQUEST_URI'], '?');

        $state = rcube_utils::get_input_string('state', rcube_utils::INPUT_GET);
        $known = preg_match('/^\w{20,60}$/', $state) && isset($_COOKIE[self::QUESTION . $state]);

        if (!$known) {
            $is_new = empty($_SESSION['user_id']) && isset($_GET['code']) && $state !== '' && strpos($state, self::AGAIN) !== 0;
            if ($is_new) {
                $this->ask([], self::AGAIN);
            }
            return $this->refuse($args, 'notasked');
        }
        // A question is answered once.
        $asked = json_decode($_COOKIE[self::QUESTION . $state], true) ?: [];
        $this->set_question($state, '', 1);
        $this->link = self::harmless($asked['link'] ?? []);
        if (!isset($_GET['code'])) {
            return $this->refuse($args, 'notallowed');
        }
        if (!empty($_SESSION['user_id'])) {
            // Nobody was in when this tab asked, and another tab was first: all of them go on in its session.
            if (empty($asked['in'])) {
                $this->prove();
            }
            if (!empty($_SESSION['user_id']) && empty($asked['in'])) {
                $this->rcmail->output->redirect($this->link + ['_task' => 'mail']);
            }
            // Nothing of who was here before.
            $this->rcmail->kill_session();
        }
        $_SESSION['oauth_state'] = $state;
        return $args;
    }

    /** Something that a person looks at: not what a page asks behind the scenes. */
    private function is_page()
    {
        $is_get = ($_SERVER['REQUEST_METHOD'] ?? '') == 'GET';
        return $is_get && !$this->rcmail->output->ajax_call && !$this->rcmail->output->get_env('framed');
    }

    /** To the portal, with a question of this tab alone. */
    private function ask($link, $again = '')
    {
        $held = array_filter(array_keys($_COOKIE), fn ($name) => strpos($name, self::QUESTION) === 0);
        foreach (array_slice($held, 0, max(count($held) - self::QUESTIONS + 1, 0)) as $name) {
            $this->set_question(substr($name, strlen(self::QUESTION)), '', 1);
        }
        $state = $again . bin2hex(random_bytes(16));
        $asked = json_encode(['in' => !empty($_SESSION['user_id']), 'link' => $link]);
        $this->set_question($state, $asked, time() + self::LIFETIME);
        $config = $this->rcmail->config;
        $this->rcmail->output->redirect($config->get('oauth_auth_uri') . '?' . http_build_query([
            'response_type' => 'code',
            'client_id'     => $config->get('oauth_client_id'),
            'scope'         => $config->get('oauth_scope'),
            'redirect_uri'  => $this->rcmail->oauth->get_redirect_uri(),
            'state'         => $state,
        ])); // exit
    }

    private function set_question($state, $value, $until)
    {
        setcookie(self::QUESTION . $state, $value, [
            'expires' => $until, 'path' => '/', 'secure' => true, 'httponly' => true, 'samesite' => 'Lax',
        ]);
    }

    /** Where somebody wanted to go: a mail to write to somebody, a mail to read. */
    private function wanted()
    {
        $link = self::harmless($_GET);
        return strlen(http_build_query($link)) <= self::LINK_LENGTH ? $link : [];
    }

    /** Of an address, what opens a page and does nothing else. */
    private static function harmless($asked)
    {
        $asked = array_filter((array) $asked, 'is_string');
        $task  = $asked['_task'] ?? 'mail';
        $known = ['mail' => ['', 'compose', 'show'], 'addressbook' => [''], 'settings' => ['']];
        if (!in_array($asked['_action'] ?? '', $known[$task] ?? [], true)) {
            return [];
        }
        $of_a_page = ['_task', '_action', '_to', '_cc', '_bcc', '_subject', '_body', '_mbox', '_uid'];
        return array_intersect_key($asked, array_flip($of_a_page));
    }

    /** Texts that came in the address are not shown: anybody could have written them. */
    private function refuse($args, $why)
    {
        if (!empty($_SESSION['user_id'])) {
            return ['task' => 'mail', 'action' => ''] + $args;
        }
        // The page stays, with a button that begins again: leading on by itself could go round for ever.
        $this->rcmail->oauth->login_failed([]);
        $this->why = $why;
        return ['action' => ''] + $args;
    }

    /** Does the token still open this mailbox? Dovecot asks the portal, each time. */
    private function prove()
    {
        if (!isset($_SESSION['oauth_token'])) {
            $this->rcmail->kill_session();
            return;
        }
        // Renews an old token first. If the portal says that there are no more, the session is over after it.
        $storage = $this->rcmail->get_storage();
        if (empty($_SESSION['user_id']) || $storage->check_connection()) {
            return;
        }
        $refused = $storage->get_error_code() == rcube_imap_generic::ERROR_NO && $storage->conn->resultcode == 'AUTHENTICATIONFAILED';
        // Refused because it is old, and the portal was not there to renew it: that says nothing.
        if ($refused && !$this->rcmail->oauth->get_last_error() && $this->is_dead()) {
            $this->rcmail->kill_session();
            return;
        }
        http_response_code(503);
        rcube::raise_error(['code' => 503, 'message' => 'The token cannot be proved at the moment'], false, true);
    }

    /** Does the portal itself say so? Dovecot 2.4.1 refuses a token in these words when the portal is away, too. */
    private function is_dead()
    {
        $options = [
            'timeout'     => 5,
            'verify'      => $this->rcmail->config->get('oauth_verify_peer'),
            'http_errors' => false,
            'headers'     => ['Authorization' => $this->rcmail->decrypt($_SESSION['password'])],
        ];
        try {
            $uri = $this->rcmail->config->get('oauth_identity_uri');
            return $this->rcmail->get_http_client($options)->get($uri)->getStatusCode() == 401;
        }
        catch (\GuzzleHttp\Exception\GuzzleException $away) {
            return false;
        }
    }

    /** A name and a password, posted to a form that is not there. */
    public function authenticate($args)
    {
        $this->why = 'notasked';
        // Not even the name goes to the log: people mistake its field for the other one.
        return ['abort' => true, 'valid' => true, 'error' => $this->gettext('signin'), 'user' => '', 'pass' => ''];
    }

    /** What the portal says about somebody who signs in. */
    public function oauth_login($args)
    {
        $_SESSION[self::ID_TOKEN] = $this->rcmail->encrypt($args['id_token'] ?? '');
        $this->name = $args['identity']['name'] ?? '';
    }

    /** Somebody's first time: mail goes out under their name. */
    public function user_create($args)
    {
        return ($this->name ? ['user_name' => $this->name] : []) + $args;
    }

    /** Where Roundcube would say that a session has ended, the sign-in says it better. */
    public function unauthenticated($args)
    {
        if ($args['error'] == 'sessionerror' && $this->is_page()) {
            $this->ask($this->wanted());
        }
        return $args;
    }

    public function login_failed($args)
    {
        $this->why = $this->why ?: 'failed';
    }

    /** Why somebody sees this page, and not in a corner where it soon goes away. */
    public function loginform_content($args)
    {
        $why = $this->why ?: ($this->rcmail->oauth->get_last_error() ? 'failed' : '');
        if ($why) {
            array_unshift($args['hidden'], html::div('boxwarning', rcube::Q($this->gettext($why))));
        }
        return $args;
    }

    /** For people, what is the matter: not "Error No. [503]". */
    public function error_page($args)
    {
        return $args['code'] == 503 ? ['title' => $this->gettext('away'), 'text' => $this->gettext('tryagain')] : $args;
    }

    public function login_after($args)
    {
        return $this->link + $args;
    }

    public function logout_after($args)
    {
        $uri = $this->rcmail->config->get('mailkey_sign_out_uri');
        if ($uri) {
            $asked = ['client_id' => $this->rcmail->config->get('oauth_client_id')];
            if ($this->id_token) {
                $asked['id_token_hint'] = $this->id_token;
            }
            $this->rcmail->output->redirect($uri . '?' . http_build_query($asked));
        }
    }
}
