/*
 * failover.pml -- the arbiter and the fenced registers of a failover, for SPIN. README.md says how to run and read it.
 *
 * Two operators both believe that they lead. Each looks at the record, the lock and the DNS record, one after the other, and
 * acts on what it saw, which may be old by then. S1 to S10 and L4 are the invariants of the design.
 * What a decision is never changes once it has an id; so a request that is under way is one bit for each id.
 */
#ifndef EPOCHS
#define EPOCHS 4            /* decisions in one history */
#endif
#define IDS (EPOCHS + 2)    /* 0 is where all begins; a mutant may draw one that is never recorded */

#ifndef MUTANT
#define MUTANT NONE
#endif
#define NONE 0
#define OWN_REGISTER 1      /* each operator decides in a register of its own */
#define BLIND_RECORD 2      /* the record is written, not swapped */
#define ABORT_REUSES 3      /* an abort keeps the epoch that it aborts */
#define ABORT_SKIPS 4       /* after an abort or a superseding decision, a target that names the right plane is left alone */
#define ADOPTION_SKIPS 5    /* the same after the decision to keep the plane that is active */
#define ACT_BEFORE_RECORD 6 /* the request leaves before the decision is recorded */
#define DNS_BEFORE_LOCK 7
#define PLAIN_SET 8         /* Redis takes whatever comes */
#define NO_WAIT 9           /* the lock counts before a replica has it */
#define NO_CAS 10           /* DNS takes whatever comes */
#define REMEMBERED 11       /* an operator goes on with its own decisions only, and forgets in a crash that they are its own */

typedef Stamp { byte e; byte id; bit to }               /* what a register carries: epoch, id, plane (0 is A, 1 is B) */
typedef Record { Stamp s; bit from; bool switching }    /* what the arbiter holds */

Record rec[2];              /* the second one is OWN_REGISTER's */
Stamp lock, acked;          /* the lock in Redis; what of it a replica has */
Stamp dns;                  /* the TXT record and the address: an update changes both or none */
Stamp made[IDS];            /* by id: every decision that anyone made */
byte last;                  /* the id that was drawn last */
byte decided[EPOCHS + 1];   /* by epoch: the id of the decision that the arbiter took */
bool lock_sent[IDS], dns_sent[IDS];                     /* by id: requests that may still arrive */
bool calm;                  /* no faults from here on */

#define REC rec[(MUTANT == OWN_REGISTER -> _pid : 0)]
#define copy(into, what) into.e = what.e; into.id = what.id; into.to = what.to

/* ---- The registers. */

inline effect(reg, n) {
	assert(made[n].e >= reg.e);                             /* S2 S3 S6: an epoch at a target never falls */
	assert(decided[made[n].e] == n);                        /* S2 S3 S5: it is the one recorded decision of its epoch */
	assert(rec[0].switching || made[n].e >= rec[0].s.e);    /* S6: what is settled stays */
	copy(reg, made[n]);
	assert(lock.e >= dns.e)                                 /* S4: Route(e) only after Lock(e) */
}

/* An equal epoch brings nothing new, or it has another id and is refused. */
#define LOCK_TAKES(n) (made[n].e > lock.e || (MUTANT == PLAIN_SET && lock.id != n))

inline lock_arrives(n) {
	printf("Redis has the lock of epoch %d, plane %c\n", made[n].e, 'A' + made[n].to);
	effect(lock, n)
}

inline replicate() {
	assert(lock.e >= acked.e);                              /* S3: what a replica has is not lost */
	copy(acked, lock)
}

/* What DNS no longer holds never returns (S2): who expected it waits for ever, and need not be kept. */
inline dns_arrives(n) {
	printf("DNS has epoch %d, plane %c\n", made[n].e, 'A' + made[n].to);
	effect(dns, n);
	for (i : 0 .. IDS - 1) { dns_sent[i] = dns_sent[i] && MUTANT == NO_CAS }
	i = 0
}

/* No content of the record ever returns, so that it serves as its own version. */
#define UNCHANGED (MUTANT == BLIND_RECORD || (REC.s.id == my.s.id && REC.switching == my.switching))

inline draw(plane, epoch) {
	last++;
	made[last].e = epoch;
	made[last].id = last;
	made[last].to = plane
}

inline decide(plane, epoch) {
	if
	:: UNCHANGED ->
		printf("operator %d decides epoch %d: plane %c\n", _pid, epoch, 'A' + plane);
		draw(plane, epoch);
		assert(epoch > REC.s.e);                            /* S10: a change of mind is a new epoch */
		assert(decided[epoch] == 0);                        /* S1: an epoch is decided once */
		decided[epoch] = last;
		copy(REC.s, made[last]);
		REC.from = my.s.to;
		REC.switching = true;
		mine = (MUTANT == REMEMBERED -> last : 0)
	:: else
	fi
}

/* ---- Two operators. They use no answer to a request: that is how it is when every answer is lost. */

#define MAY_DECIDE (!calm && my.s.e < EPOCHS && last < IDS - 1)
#define RIGHT_ANYWAY(reg) (reg.to == my.s.to && MUTANT == (my.from == my.s.to -> ADOPTION_SKIPS : ABORT_SKIPS))
#define MET(reg) (reg.id == my.s.id || (reg.e < my.s.e && RIGHT_ANYWAY(reg)))
#define MAY_STEP (MUTANT != REMEMBERED || mine == my.s.id)

inline look_anew() { copy(my.s, made[0]); my.from = 0; my.switching = false; begun = false; locked = false; seen = 0 }

active [2] proctype Operator() {
	Record my;              /* the record when it was looked at */
	bool begun, locked;     /* the lock then: whether it had this epoch, and whether that counts */
	byte seen;              /* the id in DNS then */
	byte mine, i;
	do
	:: d_step { copy(my.s, REC.s); my.from = REC.from; my.switching = REC.switching };
	   d_step { begun = lock.id == my.s.id; locked = (MUTANT == NO_WAIT -> MET(lock) : MET(acked)) };
	   d_step { seen = dns.id };
	   if
	   /* Crash. To look has no effect, so that to die while looking is to die here. */
	   :: d_step { !calm -> mine = 0; look_anew() }
	   /* Planes come and go, and an operator may take any for down or up: it decides what it likes. To keep: adoption. */
	   :: d_step { MAY_DECIDE && (begun || !my.switching) -> decide(0, my.s.e + 1); look_anew() }
	   :: d_step { MAY_DECIDE && (begun || !my.switching) -> decide(1, my.s.e + 1); look_anew() }
	   /* Abort, as the lock was not seen to have moved. It may have moved since. */
	   :: d_step { MAY_DECIDE && !begun && my.switching ->
			decide(my.from, my.s.e + (MUTANT == ABORT_REUSES -> 0 : 1));
			look_anew() }
#if MUTANT == ACT_BEFORE_RECORD
	   :: d_step { MAY_DECIDE -> draw(1 - my.s.to, my.s.e + 1); lock_sent[last] = true; look_anew() }
#endif
	   /* Lock. In the calm a request arrives at once, and WAIT is answered. */
	   :: d_step { MAY_STEP && !locked ->
			printf("operator %d sends the lock of epoch %d\n", _pid, my.s.e);
			lock_sent[my.s.id] = true;
			if
			:: calm && LOCK_TAKES(my.s.id) -> lock_arrives(my.s.id); replicate()
			:: calm && !LOCK_TAKES(my.s.id) -> replicate()
			:: else
			fi;
			look_anew() }
	   /* Route: expects in DNS what was seen there. */
	   :: d_step { MAY_STEP && (locked || MUTANT == DNS_BEFORE_LOCK) && made[seen].e < my.s.e && !MET(made[seen]) ->
			printf("operator %d sends epoch %d to DNS, where it saw %d\n", _pid, my.s.e, made[seen].e);
			if
			:: (dns.id == seen || MUTANT == NO_CAS) && !calm -> dns_sent[my.s.id] = true
			:: dns.id == seen && calm -> dns_arrives(my.s.id)
			:: else
			fi;
			look_anew() }
	   /* Commit. */
	   :: d_step { MAY_STEP && locked && MET(made[seen]) && my.switching ->
			if
			:: UNCHANGED -> printf("operator %d commits epoch %d\n", _pid, my.s.e); REC.switching = false
			:: else
			fi;
			look_anew() }
	   :: else -> d_step { look_anew() }
	   fi
	od
}

/* ---- The network. What was sent may arrive at any later moment, any number of times, or never. A process for each id. */

active [IDS - 1] proctype Late() {
	byte i;
	do
	:: d_step { lock_sent[_pid - 1] && LOCK_TAKES(_pid - 1) -> lock_arrives(_pid - 1) }
	:: d_step { dns_sent[_pid - 1] && dns.id != _pid - 1 -> dns_arrives(_pid - 1) }
	od
}

/* ---- Redis. A replica follows, or is promoted without the last write. */

active proctype Redis() {
	do
	:: d_step { acked.id != lock.id -> printf("the replica has it\n"); replicate() }
	:: d_step { !calm && acked.id != lock.id ->
		printf("Redis fails over and loses the lock of epoch %d\n", lock.e);
		copy(lock, acked);
		assert(lock.e >= dns.e) }                           /* S4: nor is Lock(e) lost after Route(e) */
	od
}

#ifdef LIVE
active proctype Calm() { d_step { calm = true; printf("no faults from here on\n") } }

#define SETTLED(reg) (reg.id == rec[0].s.id)
ltl L4 { [] (calm -> <> (!rec[0].switching && SETTLED(lock) && SETTLED(acked) && SETTLED(dns))) }
#endif
