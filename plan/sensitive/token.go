package sensitive

import (
	"slices"
	"strings"
)

// tokenForm is the form of a token whose issuer gives it away by its beginning.
// What follows are at least length letters, digits and signs.
type tokenForm struct {
	prefix string
	length int
}

// tokenForms are of the issuers that most configurations have to do with. Those
// of doubtful are tokens only if a digit follows, as ordinary names begin like
// them: key-rotation-schedule.
var (
	tokenForms = slices.Concat(
		forms(8, `ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- glsoat-
			whsec_ ya29. GOCSPX- AGE-SECRET-KEY-1 age-secret-key-1 dckr_pat_ dckr_oat_ sk-ant- sk-proj- sk-svcacct- sk-admin- sk-or-v1- GR1348941`),
		forms(6, `xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs- xapp- sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_`),
		forms(12, `AKIA AGE-PLUGIN- pypi-AgE sq0atp- sq0csp- tskey- FLWSECK FlyV1 AVNS_ pscale_tkn_ pscale_pw_ pscale_oauth_ sb_secret_`),
		forms(16, `shpat_ shpss_ shpca_ shppa_ dop_v1_ doo_v1_ dor_v1_ dp.pt. dp.st. dp.ct. dp.sa. lin_api_ lin_oauth_ figd_ glsa_
			NRAK- NRJS- NRII- ATATT3 ATCTT3 sntrys_ sntryu_ ops_eyJ sk.eyJ CCIPAT_ eyJ xkeysib- xsmtpsib- hvs. hvb. hvr.`),
	)
	doubtful = slices.Concat(
		forms(12, `ASIA ABIA ACCA LTAI`),
		forms(20, `npm_ rubygems_ hf_ api_org_ pplx- gsk_ AIza SG. re_ r8_ xai- atlasv1. ntn_ glc_ ATBB PMAK- sbp_ amzn.mws. p8e- fo1_ fm2_
			CFPAT- nfp_ shippo_live_ shippo_test_ sgp_ bkua_ sqp_ squ_ AKCp CLOJARS_ EZAK EZTK`),
		forms(30, `sk- key- secret_ SK oy2 EAAA EAAC pul- dapi 1//0 SUA`),
	)
)

func forms(length int, prefixes string) []tokenForm {
	var all []tokenForm
	for prefix := range strings.FieldsSeq(prefixes) {
		all = append(all, tokenForm{prefix, length})
	}
	return all
}

// formsBy finds forms by the first two bytes of their prefix.
var formsBy = func() map[[2]byte][]tokenForm {
	by := map[[2]byte][]tokenForm{}
	for _, form := range slices.Concat(tokenForms, doubtful) {
		start := [2]byte([]byte(form.prefix[:2]))
		by[start] = append(by[start], form)
	}
	return by
}()

// tokens finds tokens of known forms.
func (f *finder) tokens() {
	for i := 0; i+2 < len(f.text); i++ {
		if !f.startsWord(i) {
			continue
		}
		for _, form := range formsBy[[2]byte{f.text[i], f.text[i+1]}] {
			if !strings.HasPrefix(f.text[i:], form.prefix) {
				continue
			}
			end := i + len(form.prefix)
			for end < len(f.text) && isTokenByte(f.text[end]) {
				end++
			}
			rest := f.text[i+len(form.prefix) : end]
			if len(rest) >= form.length && (hasDigit(rest) || !slices.Contains(doubtful, form)) {
				f.add(i, end)
				i = end
				break
			}
		}
	}
	f.each(":AA", f.telegram)
}

func isTokenByte(c byte) bool { return isNameByte(c) || strings.IndexByte("+/=~%", c) >= 0 }

// telegram finds a bot's token, 123456789:AA…
func (f *finder) telegram(at int) int {
	start, end := at, at+1
	for start > 0 && isDigit(f.text[start-1]) {
		start--
	}
	for end < len(f.text) && isNameByte(f.text[end]) {
		end++
	}
	if at-start >= 8 && end-at >= 30 {
		f.add(start, end)
	}
	return end
}

// hashForms are how hashes of passwords begin, in crypt's form and LDAP's.
var hashForms = strings.Fields(`$1$ $2a$ $2b$ $2x$ $2y$ $5$ $6$ $y$ $7$ $gy$ $apr1$ $argon2i$ $argon2d$ $argon2id$
	$scrypt$ $pbkdf2 $P$ $H$ $S$ pbkdf2_sha bcrypt$ {SSHA {SHA} {SHA2 {SHA5 {SMD5} {MD5} {CRYPT} {PBKDF2 {ARGON2} {bcrypt} SCRAM-SHA-256$`)

// hashes finds hashes of passwords. They can be tried out elsewhere.
func (f *finder) hashes() {
	if !strings.ContainsAny(f.text, "${") {
		return
	}
	for _, form := range hashForms {
		f.each(form, func(at int) int {
			end := f.end(at, blanks+`"'`)
			if end-at >= len(form)+8 && f.startsWord(at) {
				f.add(at, end)
			}
			return end
		})
	}
}

// webhookForms are addresses that let everybody who knows them act.
var webhookForms = strings.Fields(`hooks.slack.com/ discord.com/api/webhooks/ discordapp.com/api/webhooks/
	.webhook.office.com/ outlook.office.com/webhook/ api.telegram.org/bot hooks.zapier.com/hooks/ hook.eu1.make.com/ hook.us1.make.com/
	chat.googleapis.com/v1/spaces/ maker.ifttt.com/ open.feishu.cn/open-apis/bot/ open.larksuite.com/open-apis/bot/
	qyapi.weixin.qq.com/cgi-bin/webhook/ oapi.dingtalk.com/robot/ hooks.mattermost.com/ hc-ping.com/ .logic.azure.com/`)

// webhooks finds what follows the host of a webhook.
func (f *finder) webhooks() {
	for _, form := range webhookForms {
		f.each(form, func(at int) int {
			end := f.end(at, blanks+"\"'`<>")
			f.add(at+len(form), end)
			return end
		})
	}
	f.each(`hooks.slack.com\/`, func(at int) int {
		end := f.end(at, blanks+`"'`)
		f.add(at+len(`hooks.slack.com\/`), end)
		return end
	})
}

// inQuery are parameters of a URL that are secrets there, though not elsewhere.
var inQuery = set(`sig signature key sas hmac x-amz-signature x-amz-credential x-amz-security-token
	x-goog-signature x-goog-credential authkey apikey`)

// query finds the secrets among the parameters of a URL.
func (f *finder) query() {
	if !strings.Contains(f.text, "=") {
		return
	}
	for i := 0; i < len(f.text); i++ {
		if f.text[i] != '?' && f.text[i] != '&' && f.text[i] != ';' {
			continue
		}
		start := i + 1
		if strings.HasPrefix(f.text[start:], "amp;") {
			start += len("amp;")
		}
		equals := start
		for equals < len(f.text) && isNameByte(f.text[equals]) {
			equals++
		}
		if equals == len(f.text) || f.text[equals] != '=' || !inQuery[strings.ToLower(f.text[start:equals])] {
			continue
		}
		end := f.end(equals, blanks+"&\"'<>#;")
		if end-equals > shortest {
			f.add(equals+1, end)
		}
		i = end - 1
	}
}

// schemeNames are the schemes of an Authorization header whose credentials
// follow.
var schemeNames = []string{"bearer", "basic", "token", "apikey", "digest", "negotiate"}

// schemes finds "Bearer …" and its like.
func (f *finder) schemes() {
	for i := 0; i < len(f.text); i++ {
		if c := f.text[i] | 0x20; c != 'b' && c != 't' && c != 'a' && c != 'd' && c != 'n' || !f.startsWord(i) {
			continue
		}
		for _, name := range schemeNames {
			end := i + len(name)
			if end+1 >= len(f.text) || f.text[end] != ' ' && f.text[end] != '\t' || !strings.EqualFold(f.text[i:end], name) {
				continue
			}
			for end < len(f.text) && (f.text[end] == ' ' || f.text[end] == '\t') {
				end++
			}
			to := end
			for to < len(f.text) && isTokenByte(f.text[to]) {
				to++
			}
			if f.isCredential(name, f.text[end:to], i == 0 && to == len(f.text)) {
				f.add(end, to)
			}
			i = to - 1
			break
		}
	}
}

// isCredential reports whether what follows a scheme is a credential rather than
// a word of a sentence. alone says that the text holds nothing else.
func (f *finder) isCredential(scheme, text string, alone bool) bool {
	if scheme == "basic" {
		decoded := decode64(text)
		return strings.Contains(decoded, ":") || alone && hasDigit(text) && len(text) >= 6
	}
	if scheme == "bearer" && alone && text != "" && !ordinaryAfterScheme[strings.ToLower(text)] {
		return true
	}
	return len(text) >= 8 && hasDigit(text) || len(text) >= 24
}

var ordinaryAfterScheme = set(`token tokens auth authentication authorization scheme only format realm`)

func hasDigit(text string) bool { return strings.ContainsAny(text, "0123456789") }
