#!/usr/bin/env bash
# The layer rule, checked on the include lines: util <- core <- api <- {runtime <- kube, probe, targets/*} <- reconcile, explain <- main.
# Vendors (targets/dns/*, targets/redis/*) never include each other; what several of them need of one company is below them (targets/aws/*).
# Drivers of objects on API servers (targets/kube/*) stand on kube/, as nothing else of targets/ does.
set -eu
cd "$(dirname "$0")/../controller"
declare -A may=(
  [util]="util"
  [core]="util core"
  [api]="util core api"
  [runtime]="util core api runtime"
  [kube]="util core api runtime kube"
  [probe]="util core api runtime kube probe"
  [targets]="util core api runtime targets"
  [reconcile]="util core api runtime kube probe targets reconcile"
  [explain]="util core api runtime kube explain"
)
bad=0
while IFS=: read -r file line text; do
  from=${file%%/*}
  [ "$from" = "$file" ] && continue # main.c and options.* name every part
  to=$(sed -E 's/.*"([^"]+)".*/\1/' <<<"$text")
  layer=${to%%/*}
  case " ${may[$from]:-} " in
    *" $layer "*) ;;
    *) [[ $file == targets/kube/* && $layer == kube ]] && continue # drivers of objects on API servers
       echo "controller/$file:$line: $from may not include $to"; bad=1 ;;
  esac
  if [[ $file =~ ^targets/([a-z]+)/ ]]; then
    own=${BASH_REMATCH[1]}
    [[ $to =~ ^targets/([a-z]+)/ && ${BASH_REMATCH[1]} != "$own" && ${BASH_REMATCH[1]} != aws ]] && { echo "controller/$file:$line: vendors do not include each other ($to)"; bad=1; }
  fi
done < <(grep -rnE '^#include "' --include='*.[ch]' . | sed 's|^\./||')
# The core is pure: no I/O, clock, logging, allocation or foreign library.
if grep -nE '#include *<(curl|jansson|yaml|hiredis|ldns|openssl|sys/|pthread|time\.h|unistd\.h|stdio\.h)|\b(malloc|calloc|realloc|strdup|free|time|clock_gettime|printf|fprintf)\(' core/*.[ch]; then
  echo "controller/core is not pure"; bad=1
fi
# Nor does it know a vendor: what is done with whose tools is told by the drivers.
if grep -niE '\b(nsupdate|dig|redis-cli|REDISCLI_AUTH|valkey|sentinel|aws|amazon|rfc ?2136|tsig|powerdns|cloudflare|azure)\b|route ?53' core/*.[ch]; then
  echo "controller/core names a vendor or its tool: that belongs into its driver (by_hand in targets/target.h)"; bad=1
fi
# Functions that cannot be bounded or fail silently are banned everywhere.
if grep -rnE '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|gethostbyname)\(' --include='*.[ch]' .; then
  echo "banned functions"; bad=1
fi
exit $bad
