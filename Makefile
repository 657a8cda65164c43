# What people and .ci/run call. Everything runs from .venv, which is made here and nowhere else.
PORT ?= 8000
MAIL_PORT ?= 8001
PYTHON ?= python3
COVERAGE ?= on
export PORT MAIL_PORT
# Tests with servers and browsers wait about half of the time: two processes more than there are cores, four at most.
TESTERS := $(shell cores=$$(nproc); echo $$((cores < 2 ? cores + 2 : 4)))

BIN := .venv/bin
RUNTIME := .venv/.runtime
DEVELOPMENT := .venv/.development
LDAP := .venv/.ldap
NODE := .venv/node

.DELETE_ON_ERROR:
.PHONY: help run run-mail test long newer check source types format messages durations pins docs gallery bench load storm faults machines fuzz install-test upgrade-test release mutants

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: $(RUNTIME)  ## Start the portal with demo people on http://localhost:8000 (PORT=... for another port)
	@DEBUG=on exec $(BIN)/python manage.py up

run-mail: $(DEVELOPMENT)  ## The whole house: portal, Dovecot, Postfix, Roundcube (needs root and Debian's packages; says which)
	@DEBUG=on exec $(BIN)/python -m tests.kit.servers.showcase

test: $(DEVELOPMENT)  ## The whole test suite, and what it covers (ARGS=... goes to pytest; COVERAGE= leaves the count out)
	@COVERAGE=$(COVERAGE) $(BIN)/python -m pytest --numprocesses $(TESTERS) --dist loadfile --no-loadscope-reorder $(ARGS)

LONG := $(shell grep --recursive --files-with-matches --include='test_*.py' -E 'kit\.share|mark\.share|"(RACE_ROUNDS|MACHINE_STEPS|LOG_ROWS|FUZZED_FILES)"' tests)
long: $(DEVELOPMENT)  ## What `make test` has a share of: every case, 1,000 rounds of the races, 50,000 steps of the machine (hours)
	@WHOLE=1 RACE_ROUNDS=1000 MACHINE_STEPS=50000 LOG_ROWS=10000 FUZZED_FILES=2000 $(BIN)/python -m pytest --timeout 0 $(ARGS) $(LONG)

# Where both stand before their turn has come: what they warn of fails (pyproject.toml, filterwarnings).
NEXT_PYTHON ?= python3.13
NEXT_DJANGO ?= 6.1
NEXT := .venv/newer
newer:  ## The fast tests on the next Python and Django (NEXT_PYTHON=python3.13 NEXT_DJANGO=6.1; it compiles as docs/directory.md says)
	@test -x $(NEXT)/bin/python || $(NEXT_PYTHON) -m venv $(NEXT)
	@$(NEXT)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt --requirement requirements-dev.txt --requirement requirements-ldap.txt
	@$(NEXT)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps 'Django==$(NEXT_DJANGO).*'
	@COVERAGE= $(NEXT)/bin/python -m pytest -m "not slow" --numprocesses $(TESTERS) --dist loadfile $(ARGS)

check: source types docs  ## Format, lint, types, imports, dead code, dependencies, migrations, translations, deployment checks, documents

source: $(DEVELOPMENT)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/lint-imports
	DEBUG=on $(BIN)/python -m tests.kit.dead_code
	$(BIN)/deptry .
	$(BIN)/deptry . --exclude '\.venv' --extend-exclude '^var/' --requirements-files requirements-direct.txt,requirements-alibaba-direct.txt,requirements-tencent-direct.txt,requirements-ldap-direct.txt,requirements-mysql-direct.txt,requirements-dev-direct.txt
	DEBUG=on $(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m tests.house.frozen
	$(BIN)/python -m tests.kit.translations
	$(BIN)/python -m tests.kit.deployment

types: $(DEVELOPMENT)
	DEBUG=on $(BIN)/mypy .

docs: $(DEVELOPMENT)  ## The documents as a site, in var/site; each link is looked at
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(BIN)/python -m mkdocs build

format: $(DEVELOPMENT)  ## Put the source into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

messages: $(DEVELOPMENT)  ## Collect the texts to translate into locale/, and compile them (needs gettext)
	$(BIN)/python -m tests.kit.translations --update

durations: $(DEVELOPMENT)  ## Keep what each file of tests took in the last whole `make test`: the longest come first
	$(BIN)/python -m tests.kit.durations

PIN := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make pins'
pins: $(DEVELOPMENT)  ## Write requirements.txt and the others with hashes anew (all to their newest: ARGS=--upgrade)
	$(PIN) requirements-direct.txt --output-file requirements.txt $(ARGS)
	$(PIN) requirements-alibaba-direct.txt --constraint requirements.txt --output-file requirements-alibaba.txt $(ARGS)
	$(PIN) requirements-tencent-direct.txt --constraint requirements.txt --output-file requirements-tencent.txt $(ARGS)
	$(PIN) requirements-ldap-direct.txt --constraint requirements.txt --output-file requirements-ldap.txt $(ARGS)
	$(PIN) requirements-mysql-direct.txt --constraint requirements.txt --output-file requirements-mysql.txt $(ARGS)
	$(PIN) requirements-dev-direct.txt --constraint requirements.txt --output-file requirements-dev.txt $(ARGS)

gallery: $(DEVELOPMENT)  ## Pictures of every page and state, with an index, in var/gallery (needs Chromium)
	@$(BIN)/python -m tests.kit.gallery var/gallery

bench: $(DEVELOPMENT)  ## What a mail login costs beside an empty view, and the office's pages beside few people (needs PostgreSQL)
	@$(BIN)/python -m benchmarks.mail_login
	@$(BIN)/python -m benchmarks.office
	@$(BIN)/python -m benchmarks.sign_in

load: $(DEVELOPMENT)  ## Eight o'clock on the first day: everybody signs in, while every phone asks for mail; then through Dovecot (root, PostgreSQL, Redis, dovecot-pgsql)
	@$(BIN)/python -m benchmarks.first_day
	@$(BIN)/python -m benchmarks.dovecot 3

# Of each of 27 tests.
fuzz: $(DEVELOPMENT)  ## 100,000 requests that nobody means, at each form and address, OpenID, receipts, mail logins and LDAP, on both databases
	@FUZZED_REQUESTS=$(or $(ARGS),3704) COVERAGE= $(BIN)/python -m pytest --timeout 0 --numprocesses $(TESTERS) tests/house/test_fuzzed_pages.py tests/real/test_fuzzed_services.py

install-test: $(DEVELOPMENT)  ## deploy/install in a bare Debian, then booted; what is killed comes again (root, debootstrap, systemd-container; ARGS=trixie; some minutes; ARGS='bookworm by-hand': each command of docs/operations.md)
	@$(BIN)/python -m tests.kit.bare $(ARGS)

upgrade-test: $(DEVELOPMENT)  ## deploy/upgrade with ten million rows under 200 mail logins a second (needs PostgreSQL, Redis; ARGS=rows)
	@$(BIN)/python -m benchmarks.upgrade $(ARGS)

storm: $(DEVELOPMENT)  ## A thousand codes while workers are killed and brokers freeze: none sent twice, none lost (needs PostgreSQL, Redis)
	@$(BIN)/python -m benchmarks.storm

faults: $(DEVELOPMENT)  ## One machine of each kind, on which one thing after the other goes wrong twenty times, under load (root, PostgreSQL, Redis, haproxy; ARGS='20 redis-frozen')
	@$(BIN)/python -m benchmarks.machines.faults $(ARGS)

machines: $(DEVELOPMENT)  ## Thirteen machines, each without power and without network in turn, under load (root, PostgreSQL, Redis, haproxy; ARGS='2 redis': rounds, kinds)
	@$(BIN)/python -m benchmarks.machines $(ARGS)

mutants: $(DEVELOPMENT)  ## Does a test fail when a rule of security is changed? Each change in turn (ARGS='codes bans' for some rooms, a few minutes each; --again, --branches)
	@$(BIN)/python -m tests.kit.mutants $(ARGS)

release: $(DEVELOPMENT)  ## What is handed out as the version that CHANGELOG.md begins with, in var/release (KEY=... signs)
	@deploy/release var/release $(KEY)

# uv takes a third of pip's time. Where it cannot (a mirror behind a password, a certificate of one's own), pip can: it
# knows what the machine's pip.conf says.
install = UV_DEFAULT_INDEX=$${PIP_INDEX_URL-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null)} \
	$(BIN)/uv pip install --quiet --no-cache --python $(BIN)/python --requirement $(1) || \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $(1)

$(RUNTIME): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Mailkey needs Python 3.11 or newer (PYTHON=...).' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo 'python3 needs its venv module: apt install python3-venv' >&2; exit 1; }
	@echo 'Installing the packages of requirements.txt into .venv ...'
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt >.venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement .venv/uv.txt || :
	@$(call install,requirements.txt)
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements-dev.txt
	@$(call install,requirements-dev.txt)
	@touch $@

# For the tests that ask a directory. It compiles: Debian's packages stand in docs/directory.md.
$(LDAP): $(DEVELOPMENT) requirements-ldap.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-ldap.txt
	@touch $@

# For the tests that ask Twilio as its published description says: Prism, which plays it, and that description.
TWILIO := @twilio-alpha/mcp@0.7.0
TWILIO_SHA256 := 7ff791d1023cad6372496d8aba1c49bc3ffbcf0989b9f96b3a83d2df9d6af755
$(NODE)/twilio.json: tests/kit/node/package-lock.json
	@mkdir -p $(NODE) && cp tests/kit/node/package*.json $(NODE)
	@cd $(NODE) && npm ci --ignore-scripts --no-audit --no-fund --silent
	@cd $(NODE) && echo "$(TWILIO_SHA256)  $$(npm pack --silent $(TWILIO))" | sha256sum --check --quiet
	@cd $(NODE) && tar --extract --to-stdout --file twilio-alpha-mcp-*.tgz package/twilio-oai/spec/json/twilio_api_v2010.json >twilio.json
	@rm $(NODE)/*.tgz
