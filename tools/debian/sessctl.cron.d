# Sweeps the stores of /etc/sessctl/stores where systemd does not: see there. What is wrong comes by mail, and is in the
# system's log.
SHELL=/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
*/10 * * * * root if [ ! -d /run/systemd/system ] && [ -x /usr/bin/sessctl ] && [ -s /etc/sessctl/stores ]; then [ ! -r /etc/default/sessctl ] || . /etc/default/sessctl; eval "set -- $SESSCTL_GC_OPTIONS"; sessctl gc --quiet --idle-io "$@" --stores /etc/sessctl/stores 2>&1 | logger --stderr --socket-errors=off --tag sessctl --priority cron.err; fi
