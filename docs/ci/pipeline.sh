#!/usr/bin/env bash
# Plans and applies configurations in any pipeline.
#
#   pipeline.sh plan      on a pull request: plan the changes that its merge makes
#   pipeline.sh apply     after the merge: apply exactly the approved plan, or nothing
#
# plan writes these files to the folder $PLAN_FOLDER:
#
#   plan.md, plan.html    the report, as a comment and as a page
#   plan.json             the report for programs
#   fingerprint           the fingerprint to approve
#   plan.confo            the saved plan, if your pipeline passes artifacts on
#
# apply uses plan.confo from this folder. If there is none, it uses the fingerprint in
# $PLAN_FINGERPRINT, or else in the folder. It changes nothing if the tree or the
# target has changed since the approval.
#
# Variables:
#
#   CONFO_SYNC_ENV          The environment in confo-sync.yaml. Its overlays, protect and
#                           other rules apply.
#   CONFO_SYNC_TARGET       The target. Set it, too, so that the project file of a branch
#                           can't send the credentials to another one. Without a project
#                           file, only this variable is required.
#   CONFO_SYNC_SOURCE       The tree (default: the project's; without a project, config).
#   CONFO_SYNC_ZK_USER, CONFO_SYNC_ZK_PASSWD
#                           The credentials.
#   CONFO_SYNC_ALLOW_ENV    The variables that !env in the tree can read (default: none).
#   PLAN_FOLDER             The folder for the files (default: CHECKOUT.plan, beside the
#                           checkout). It must be outside of the checkout, because the
#                           checkout can contain links.
#   PLAN_REASON             The reason for the history (default: subject of the commit).
#
# Other flags follow the command. Use the same flags for both commands:
#
#   pipeline.sh plan -n 'shop*'
#
# The exit codes are those of confo-sync: 0 done, 1 error, 3 refused, 4 outcome unknown.
set -euo pipefail

command=${1:?"plan or apply"}
shift
environment=${CONFO_SYNC_ENV-}
target=${CONFO_SYNC_TARGET-}
source=${CONFO_SYNC_SOURCE-}
if [ -n "$environment" ]; then
	set -- -e "$environment" "$@"
else
	: "${target:?"set CONFO_SYNC_ENV or CONFO_SYNC_TARGET (for example zk://zk1:2181/confo)"}"
	source=${source:-config}
fi
if [ -n "$target" ]; then
	set -- -t "$target" "$@"
fi
if [ -n "$source" ]; then
	set -- -s "$source" "$@"
fi
checkout=$(git rev-parse --show-toplevel 2>/dev/null || pwd -P)
out=${PLAN_FOLDER:-$checkout.plan}
case $out in
/*) ;;
*) out=$(pwd)/$out ;;
esac
# Resolve links, as git does for the checkout.
if above=$(cd "$(dirname "$out")" 2>/dev/null && pwd -P); then
	out=$above/$(basename "$out")
fi
case $out/ in
"$checkout"/*)
	echo "PLAN_FOLDER is $out, in the checkout. Set it to a folder outside of the checkout." >&2
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
	reason=${PLAN_REASON:-$(git log -1 --format=%s 2>/dev/null || true)}
	if [ -e "$out/plan.confo" ]; then
		exec confo-sync apply "$out/plan.confo" "$@" --reason="$reason"
	fi
	fingerprint=${PLAN_FINGERPRINT:-$(cat "$out/fingerprint" 2>/dev/null || true)}
	if [ -z "$fingerprint" ]; then
		echo "There is no approved plan: no file $out/plan.confo, and no fingerprint." >&2
		exit 1
	fi
	exec confo-sync apply "$@" --fingerprint "$fingerprint" --reason="$reason"
	;;
*)
	echo "Unknown command $command. Use $0 plan or $0 apply." >&2
	exit 64
	;;
esac
