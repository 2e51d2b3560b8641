package sensitive

import "strings"

// anywhere are words that make a name that of a secret, at any position.
var anywhere = set(`
	password passwd pwd passphrase passcode secret token credential cred apikey
	dsn psk privkey accesskey secretkey privatekey authkey sshpass pword htpasswd
	rocommunity rwcommunity trapcommunity snmpcommunity connectionstr xprv sessionid phpsessid jsessionid seedphrase
	passwort kennwort geheim geheimnis zugangsdaten motdepasse mdp contrasena
	contraseña contrasenia contrasenya clave secreto secreta senha segredo
	palavrapasse segreto segreta wachtwoord wachtwoorden lösenord losenord passord adgangskode
	kodeord salasana jelszó jelszo hasło haslo tajny tajne heslo parola parolası parolasi parool
	lozinka zaporka geslo slaptažodis slaptazodis şifre sifre şifresi sifresi matkhau
	пароль секрет токен κωδικός κωδικος kodikos סיסמה סיסמא סוד 口令 암호 시크릿 토큰`)

// atEnd are words that do so only at the end of a name: auth does, but auth_type does
// not.
var atEnd = set(`
	pass pw pws auth authorization bearer jwt jwts cookie cookies pin pins otp
	otps totp hotp salt salts pepper pat mnemonic hmac cvv cvc puk sas masterauth
	requirepass peppers secr tok rcon webhook webhooks vmpin`)

// inside are parts of a word that make it the name of a secret. They are long or rare
// enough not to occur in other words, except those in ordinary.
var inside = strings.Fields(string(letters(`passw psswd pswd passphrase kennwort motdepasse
	credential secret token пароль секрет 密码 密碼 密钥 密鑰 秘钥 私钥 私鑰 令牌 パスワード
	暗証番号 秘密 トークン シークレット 비밀 كلمةالمرور كلمةالسر รหัสผ่าน पासवर्ड कूटशब्द`)))

// ordinary are words that contain one of the other words by chance.
var ordinary = set(`
	secretary secretaries secretariat secretion secretions secretive
	tokenizer tokenizers tokenize tokenized tokenizes tokenization tokeniser
	tokenise tokenised tokenisation detokenize detokenizer detokenization
	passwordless tokenless
	bypass compass encompass overpass underpass surpass trespass sacred basalt
	oauth monkey turkey hockey donkey jockey whiskey`)

// stems are removed from the end of joined words. The first match is used.
var stems = withPlurals(`password passwd passphrase passwort kennwort secret
	credential cred token cookie string auth psk dsn jwt salt pass pwd pw key code url`)

// phrases are sequences of words that make a name that of a secret, at any position.
var phrases = phraseSet(`
	api key, private key, access key, access key id, secret key, encryption key,
	decryption key, encrypt key, decrypt key, crypto key, signing key, sign key, signature key,
	master key, account key, ssh key, shared key, preshared key, storage key,
	service key, deploy key, license key, licence key, session key, root key,
	hmac key, aes key, rsa key, gpg key, pgp key, auth key, app key,
	application key, admin key, integration key, write key, server key,
	client key, tls key, ssl key, ca key, cert key, certificate key, host key,
	wrapping key, unseal key, recovery key, recovery code, backup code,
	consumer key, subscription key, instrumentation key, machine key,
	fernet key, tacacs key, radius key, enc key, totp key, otp key, mfa key, pvt key, pairing code, keypad code,
	validation key, jwt key, cookie key, wep key, wpa key,
	tsig key, transaction key, merchant key, token key, cookie hash key, webhook key,
	user key, bot key, sas key, sendgrid key, stripe key, maps key, ecdsa key, ed key,
	webhook url, webhook uri, hook url, sas url, sas uri,
	connection string, conn string, conn str, connection str,
	session id, sess id, secret id, mot de passe, pass word, pass phrase,
	pass code, pin code, pin number, card number, one time code, unlock code, door code,
	alarm code, activation code, activation key, device code, user code, authorization code,
	code verifier, oauth verifier, client assertion, saml assertion, saml response,
	seed phrase, recovery phrase, mnemonic phrase, wallet seed, private seed, otp seed, totp seed, mfa seed,
	access signature, sas signature, auth user info,
	snmp community, trap community, community string, ro community, rw community,
	crypt key, cipher key, symmetric key, csrf key, network key, wlan key, wifi key, nonce key,
	logged in key, xsrf key, mch key, remember me key, root token id, super digest, gossip key,
	hmac encoded, encr key, authentication key, digest key, isakmp key, panel code, replica set key, deterministic key, encryption primary key,
	publish key, functions key, backup key, luks key, priv key, data encryption key, static key, private pem, private jwk,
	keystore key, connect sid, gitlab session, palavra passe, chave api, chave secreta, chave privada,
	clé api, cle api, clé secrète, cle secrete, clé privée, cle privee, chiave api, chiave segreta, chiave privata,
	api schlüssel, api schluessel, privater schlüssel, klucz api, klucz prywatny, klic api, klíč api,
	api anahtar, gizli anahtar, ключ api, api ключ, закрытый ключ, mật khẩu, mat khau, مرور كلمة, كلمة المرور, كلمة السر,
	one time code, security code, verification code,
	access code, auth code, security answer, secret answer,
	webhooks url, set cookie, session cookie, auth cookie, id rsa, id ed, id ecdsa, id dsa, ssl cert key`)

// notPhrases are sequences of words that are not secret, although they end like a
// secret.
var notPhrases = phraseSet(`
	low pass, high pass, band pass, all pass, render pass,
	fastcgi pass, uwsgi pass, scgi pass, boarding pass, season pass, day pass, first pass, second pass, single pass, multi pass,
	public pem, gpio pin, led pin, tx pin, rx pin, sda pin, scl pin, clk pin, cs pin, data pin,
	rst pin, input pin, output pin, pass through, by pass, no auth,
	pad token, eos token, bos token, unk token, mask token, sep token, cls token, special token,
	stop token, end token, start token, existing secret, pull secret,
	certificate secret, certificates secret, io auth secret, auth tls secret, proxy ssl secret,
	authentication keys, mosi pin, miso pin, dc pin, busy pin, reset pin, step pin, dir pin, enable pin,
	heater pin, sensor pin, endstop pin, relay pin, pwm pin, irq pin,
	clave primaria, clave publica, clave pública, clave foranea, clave foránea`)

// harmless are words that, at the end of a name, make it the name of something about a
// secret: token_ttl, password_min_length, secret_name.
var harmless = set(`
	id ids at time date validity capacity weight weights cache renewal fingerprint thumbprint
	checksum checking index separator delimiter chars characters uppercase lowercase
	requirement requirements blacklist lockout protected protection authentication grant grants
	encoder encoders encryption hasher hashers hashing validators generator helper helpers
	template message error title warning score buckets dictionary annotation annotations
	project username
	ttl timeout expiry expires expire expiration age lifetime duration second
	seconds sec secs minute minutes min mins hour hours day days week weeks
	month months ms millis milliseconds interval period rotation schedule cron
	length len size bit bits byte bytes limit limits count counts max maximum
	minimum retries retry attempts rate usage budget window threshold depth
	quota digits iterations rounds strength complexity delay grace leeway skew
	url uri urls uris endpoint endpoints host hosts hostname port path paths
	file files filename dir directory folder location mount
	name names field fields header headers param params parameter prefix suffix
	type types kind format encoding algorithm algo alg algorithms cipher ciphers
	policy policies rule rules regex pattern charset alphabet
	enable enabled disable disabled required requires optional allowed supported mandatory
	active visible hidden reset change changed expired rotated updated created
	provider providers issuer audience scope scopes realm method methods mode
	strategy version source store manager backend engine service server domain
	domains ref refs reference references arn label labels description
	placeholder prompt help env envvar variable var history column table bucket
	address standard symbol decimals supply price cost fee class
	storage validation command cmd process from subject sender classes meter model role alias region contract usd
	controller operator handler factory validator checker plugin module driver
	http secure httponly samesite lookup locator claim claims namespace
	lifespan msec msecs attribute attributes attr attrs serializer serializers
	cert certs certificate certificates crt chain maps query queries
	exchange within repository connector mgmt management memory parallelism epoch cafile certfile keyfile`)

// timing are words about the time of a secret, whatever follows them:
// access_code_lifespan_login, token_validity_in_seconds_for_remember_me.
var timing = set(`ttl timeout expiry expiration lifetime lifespan validity`)

// isQualifier are words that distinguish several objects of the same kind. They do not
// change the meaning of a name.
var isQualifier = set(`
	default dev development prod production test testing stage staging qa live
	value values sandbox local old new current previous next primary secondary`)

// counting are words that, at the start of a name, make it the name of a number or
// switch: max_tokens, require_password.
var counting = set(`
	max min num total count number maximum minimum n
	is has have use uses enable enabled enables disable disabled require
	requires required allow allows allowed with without skip no show hide mask
	forgot supports can should must need needs ignore validate remember
	accept generate create rotate revoke include send redact autocomplete update`)

// switching are words that also do so directly before a secret word:
// cors_allow_credentials.
var switching = set(`allow allows require requires enable disable use support supports with skip`)

// settings are the last words of fields that group settings: ttl: {token: 60}.
var settings = set(`ttl timeout expiry expiration expires lifetime lifespan validity limit quota duration
	interval length rotation age rate`)

// about are names of fields that are settings of a secret store or of a group of
// secrets: secrets: {provider: vault}.
var about = set(`provider engine path mount arn role_arn ttl max min limit per_minute region profile
	type version interval refresh refresh_interval timeout`)

// publicKeys are words before "key" that make it a data key or a public key.
var publicKeys = set(`public pub publishable primary foreign partition sort object kms`)

// schemes are authentication methods.
var schemes = set(`
	none signature basic bearer digest negotiate token tokens jwt oauth oauth2 oidc openid saml ldap ldaps
	kerberos gssapi ntlm cookie session apikey api-key api_key password key certificate cert mtls tls ssl
	x509 hmac aws sigv4 iam scram scram-sha-1 scram-sha-256 scram-sha-512 plain login cram-md5 md5 trust
	peer ident sasl anonymous optional required true false yes no on off internal external default
	user admin public private enforced need want require mysql_native_password caching_sha2_password
	pubkey psk eap eap-tls eap-ttls eap-mschapv2 peap chap pap mschapv2 webauthn passkey mfa
	sha sha1 sha224 sha256 sha384 sha512`)

// containers are names of fields that only group other fields.
var containers = set(`config configuration settings options default defaults spec
	hosts devices targets agents v1 v2 v2c v3`)

// descriptions are names of fields that describe the credential next to them.
var descriptions = set(`user username login name email mail host hostname port url uri
	type kind id client_id clientid enabled region owner group groups realm domain description
	scope scopes role roles usages ttl expires`)

func set(words string) map[string]bool {
	all := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		all[word] = true
	}
	return all
}

func withPlurals(words string) []string {
	var all []string
	for word := range strings.FieldsSeq(words) {
		all = append(all, word, word+"s")
	}
	return all
}

func phraseSet(text string) map[string]bool {
	all := map[string]bool{}
	for phrase := range strings.SplitSeq(text, ",") {
		all[strings.Join(strings.Fields(phrase), " ")] = true
	}
	return all
}
