#!/usr/bin/env bash
# Plans and applies configuration in a pipeline, whichever it is.
#
#   pipeline.sh plan      on a pull request: what merging it would change
#   pipeline.sh apply     after the merge: just what was approved
#
# plan writes into $CONFO_SYNC_OUT, which must be outside of the checkout, as that may
# hold links. By default it is beside the checkout: CHECKOUT.plan.
#
#   plan.md, plan.html    for people: a comment, and a page
#   plan.json             for programs
#   fingerprint           what an approval is of
#   plan.confo            the same as a file, if artifacts are handed on
#
# apply takes plan.confo from there, or else the fingerprint in $CONFO_SYNC_FINGERPRINT
# or from there. It changes nothing if the tree or the target is not what was
# approved.
#
# $CONFO_SYNC_ENVIRONMENT is the environment of confo-sync.yaml, whose overlays, protect
# and other rules hold. $CONFO_SYNC_TARGET is the target; set it beside the environment,
# so that the project file of a branch can't send the credentials elsewhere. Without a
# project file it is enough. $CONFO_SYNC_SOURCE is the tree, if it is not the project's
# (without a project file: config). The
# credentials are CONFO_SYNC_ZK_USER and CONFO_SYNC_ZK_PASSWD. CONFO_SYNC_ALLOW_ENV says
# which variables !env in the tree may name: none, unless it is set. Other flags go after the
# command, the same ones to both:
#
#   pipeline.sh plan -n 'shop*'
#
# It exits as confo-sync does: 0 done, 1 error, 3 refused, 4 outcome unknown.
set -euo pipefail

command=${1:?"plan or apply"}
shift
environment=${CONFO_SYNC_ENVIRONMENT-}
target=${CONFO_SYNC_TARGET-}
source=${CONFO_SYNC_SOURCE-}
if [ -n "$environment" ]; then
	set -- -e "$environment" "$@"
else
	: "${target:?"set CONFO_SYNC_ENVIRONMENT, or CONFO_SYNC_TARGET, as in zk://zk1:2181/confo"}"
	source=${source:-config}
fi
if [ -n "$target" ]; then
	set -- -t "$target" "$@"
fi
if [ -n "$source" ]; then
	set -- -s "$source" "$@"
fi
checkout=$(git rev-parse --show-toplevel 2>/dev/null || pwd -P)
out=${CONFO_SYNC_OUT:-$checkout.plan}
case $out in
/*) ;;
*) out=$(pwd)/$out ;;
esac
# Without links, as git names the checkout.
if above=$(cd "$(dirname "$out")" 2>/dev/null && pwd -P); then
	out=$above/$(basename "$out")
fi
case $out/ in
"$checkout"/*)
	echo "CONFO_SYNC_OUT is $out, in the checkout: name a folder outside of it." >&2
	exit 64
	;;
esac
export CONFO_SYNC_ALLOW_ENV=${CONFO_SYNC_ALLOW_ENV-}

case $command in
plan)
	mkdir -p "$out"
	rm -f "$out"/plan.* "$out"/fingerprint
	code=0
	confo-sync plan "$@" --out "$out/plan.confo" \
		--report markdown="$out/plan.md" --report html="$out/plan.html" --report json="$out/plan.json" \
		>"$out/plan.txt" || code=$?
	cat "$out/plan.txt"
	sed -n 's/^fingerprint //p' "$out/plan.txt" >"$out/fingerprint"
	exit "$code"
	;;
apply)
	reason=${CONFO_SYNC_REASON:-$(git log -1 --format=%s 2>/dev/null || true)}
	if [ -e "$out/plan.confo" ]; then
		exec confo-sync apply "$out/plan.confo" "$@" --reason "$reason"
	fi
	fingerprint=${CONFO_SYNC_FINGERPRINT:-$(cat "$out/fingerprint" 2>/dev/null || true)}
	if [ -z "$fingerprint" ]; then
		echo "There is no approved plan: neither $out/plan.confo nor a fingerprint." >&2
		exit 1
	fi
	exec confo-sync apply "$@" --fingerprint "$fingerprint" --reason "$reason"
	;;
*)
	echo "$0 plan or $0 apply, not $command" >&2
	exit 64
	;;
esac
