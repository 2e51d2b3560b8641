package sensitive

import "strings"

// webhookForms are addresses that give access to everybody who knows them.
var webhookForms = strings.Fields(`hooks.slack.com/ discord.com/api/webhooks/ discordapp.com/api/webhooks/
	discord.com/api/v8/webhooks/ discord.com/api/v9/webhooks/ discord.com/api/v10/webhooks/ discord.com/api/v11/webhooks/
	.webhook.office.com/ outlook.office.com/webhook/ api.telegram.org/bot hooks.zapier.com/hooks/ hook.eu1.make.com/ hook.us1.make.com/
	chat.googleapis.com/v1/spaces/ maker.ifttt.com/ open.feishu.cn/open-apis/bot/ open.larksuite.com/open-apis/bot/
	qyapi.weixin.qq.com/cgi-bin/webhook/ oapi.dingtalk.com/robot/ hooks.mattermost.com/ hc-ping.com/ .logic.azure.com/
	.powerplatform.com/powerautomate/ events.pagerduty.com/integration/ hooks.airtable.com/ connect.pabbly.com/workflow/ webhook.site/
	api.day.app/ sctapi.ftqq.com/ otpauth-migration://`)

// randomAfter are parts of addresses. A random text after them gives access to
// everybody who knows it.
var randomAfter = strings.Fields(`/hooks/ /webhook/ /webhooks/ /with/key/`)

// webhooks finds the text after the host of a webhook.
func (f *finder) webhooks() {
	for _, form := range webhookForms {
		f.each(form, func(at int) int {
			end := f.end(at, blanks+"\"'`<>")
			f.add(at+len(form), end)
			return end
		})
	}
	for _, part := range randomAfter {
		f.each(part, func(at int) int {
			from := at + len(part)
			end := f.end(from, blanks+"\"'`<>?&#")
			if last := strings.LastIndexByte(f.text[from:end], '/') + 1; isRandom(f.text[from+last : end]) {
				f.add(from, end)
			}
			return end
		})
	}
	f.each(`hooks.slack.com\/`, func(at int) int {
		end := f.end(at, blanks+`"'`)
		f.add(at+len(`hooks.slack.com\/`), end)
		return end
	})
}

// inQuery are names of URL parameters that are secret, although they are not secret
// elsewhere. Those in randomInQuery are secret if their value looks random.
var inQuery = set(`sig signature sas hmac x-amz-signature x-amz-credential x-amz-security-token
	x-goog-signature x-goog-credential authkey apikey hapikey`)

var randomInQuery = set(`key code sid session hash k t u`)

// query finds the secrets in the parameters of a URL.
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
		if equals == len(f.text) || f.text[equals] != '=' || equals-start > longest {
			continue
		}
		name := strings.ToLower(f.text[start:equals])
		if !inQuery[name] && !randomInQuery[name] {
			continue
		}
		end := f.end(equals, blanks+"&\"'<>#;")
		if end-equals >= shortest && (inQuery[name] || isRandom(f.text[equals+1:end])) {
			f.add(equals+1, end)
		}
		i = end - 1
	}
}

// schemeNames are the schemes of an Authorization header. Credentials follow them.
var schemeNames = []string{"bearer", "basic", "token", "apikey", "digest", "negotiate"}

// schemes finds credentials such as "Bearer …".
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
			if i > 0 && strings.IndexByte("/.-_", f.text[i-1]) >= 0 {
				break // POST /auth/token HTTP/1.1
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

// isCredential reports whether the text after a scheme is a credential and not a word
// of a sentence. alone says that there is no other text.
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
