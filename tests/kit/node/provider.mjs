// npm's oidc-provider as an institution runs it: one client, one person, and pages of its own to sign in and out.
// node provider.mjs MODULES PORT SERVICE MAILBOX NAME PASSWORD CLIENT SECRET
const [modules, port, service, mailbox, name, password, client, secret] = process.argv.slice(2);
const { default: Provider } = await import(`${modules}/oidc-provider/lib/index.js`);

const issuer = `http://127.0.0.1:${port}`;
const back = `${service}/sign-in/elsewhere/oidc/back/`;
const page = (body) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign-in</title>${body}</html>`;
const icon = '<link rel="icon" href="data:,">';

const provider = new Provider(issuer, {
  clients: [{
    client_id: client,
    client_secret: secret,
    redirect_uris: [back],
    post_logout_redirect_uris: [`${service}/sign-in/`],
    backchannel_logout_uri: back,
    backchannel_logout_session_required: true,
  }],
  claims: { email: ["email", "email_verified"] },
  cookies: { keys: ["of the tests"] },
  features: {
    backchannelLogout: { enabled: true },
    devInteractions: { enabled: false },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        ctx.body = page(`${icon}${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`);
      },
      postLogoutSuccessSource: (ctx) => { ctx.body = page(`${icon}You are signed out.`); },
    },
  },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: mailbox, email_verified: true }),
  }),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  // Its own service is not asked whether it may know the mailbox.
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: client, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid email");
    await grant.save();
    return grant;
  },
  renderError: (ctx, out, error) => {
    console.error(error);
    ctx.body = page(`${icon}${out.error}`);
  },
});

const read = async (stream) => {
  let text = "";
  for await (const part of stream) text += part;
  return new URLSearchParams(text);
};

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next();
  if (ctx.method === "POST") {
    const form = await read(ctx.req);
    if (form.get("username") === name && form.get("password") === password) {
      ctx.respond = false;
      return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: name } });
    }
  }
  ctx.body = page(`${icon}<form method="post"><input name="username"><input name="password" type="password">
    <button type="submit">Sign in</button></form>`);
});

provider.on("backchannel.error", (_ctx, error) => console.error(error));
provider.listen(Number(port), "127.0.0.1");
