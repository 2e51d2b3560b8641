package sensitive

import (
	"regexp"
	"strings"
)

// IsPlaceholder reports whether a text is not a secret itself, but stands for one or
// for none. Such texts are switches, template, shell or SQL variables, addresses in a
// secret store, and paths of key files.
func IsPlaceholder(text string) bool {
	const longest = 160
	if len(text) > longest {
		return false
	}
	switch strings.ToLower(text) {
	case "true", "false", "null", "none", "nil", "yes", "no", "on", "off", "enabled", "disabled", "?":
		return true
	}
	if scheme, variable, ok := strings.Cut(text, " "); ok && (strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "basic") || strings.EqualFold(scheme, "token")) {
		text = variable
	}
	return placeholder.MatchString(text)
}

var placeholder = regexp.MustCompile(`^(` + strings.Join([]string{
	`\$?\{\{ *[\w.]{1,64} *\}?\}?`,            // {{ name }}
	`[$%]\{(env:)?\??[A-Za-z_][\w.]{0,64}\}?`, // ${NAME}
	`\$[A-Z_]{3,64}`,                          // $NAME
	`%[A-Z_]{3,64}%`,                          // %NAME%
	`\$[a-z]+(_[a-z0-9]+){1,5}`,               // $http_cookie
	`(files|compat|systemd|sss|ldap|winbind)( (files|compat|systemd|sss|ldap|winbind)){0,4}`,
	`\$\d|%[sdqv]`,             // SQL and printf
	`%\(\w{1,64}\)s?`,          // %(name)s
	`<[a-z _-]{1,64}>`,         // <name>
	`pk_(live|test)_\w{1,128}`, // publishable Stripe keys
	`GPIO_?(NUM_)?\d{1,2}`,     // pins of a board
	`\*+`,                      // ****
	`(env:|os\.environ/)[A-Z][A-Z0-9_]{2,64}`,                               // variables
	`(op|sm|akv|ssm|awssm|gcpsm|azkv|secret|vault|ref\+[a-z]+)://[\w./#-]+`, // secret stores
	`(vault:[\w/.-]{1,100}#\w{1,64}|ssm:/[\w/.-]{1,100})`,
	`arn:aws:(secretsmanager|ssm):[\w:/+=,.@-]+`,
	`(/|classpath:|\./|\.\./)?[\w./-]{1,100}\.(pem|key|crt|cer|p12|pfx|jks)`,
	`(classpath:|\.\.?/)[\w./-]{1,100}`,
	`([a-z][a-z0-9_]{0,40}\.){2,8}([A-Z][a-z]{1,30}){2,8}`, // Python and Java classes
	`(file:(//)?|<|(proxy:)?(hash|texthash|btree|lmdb|cdb|mysql|pgsql|ldap|regexp|pcre|sqlite):)?(~|/(etc|run|var|home|root|opt|usr|mnt|srv))(/[\w.-]{1,64}){1,9}/?`,
}, "|") + `)$`)
