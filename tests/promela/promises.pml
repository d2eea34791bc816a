/*
 * What must be true: the invariants of PROTOCOL.md, and what a user of the library is promised.
 */

/* The checksum: both parts of a file are of one version. */
#define verifies(which) (inode[which].first != 0 && inode[which].first == inode[which].second)

/* A session lives until the later of the two deadlines, its header's and its file's. */
#define lives(which) \
  (header_deadline(inode[which].first) > wall_clock || stamped_deadline(inode[which].mtime) > wall_clock)

byte wall_clock = 0;

/* Ghosts: what has happened. Nobody in the model acts by them. */
short committed = 0;    /* the version that is current; stays when the session ends */
byte increments = 0;    /* commits that took effect: a writer is told ok after that, never before */
short refused = 0;      /* the version of which its writer was told that the commit failed */
bool renewed = false;   /* since the session was made, by a commit or a touch */
bool swept = false;
bool destroyed = false;

/*
 * A promise has a name, so that the checker's message, which quotes the condition, says what was broken. With HARM_ONLY
 * the invariants of PROTOCOL.md are not looked at: a protocol that breaks one of them must then be caught by what its
 * users see.
 */
#define promise(what, condition) assert(what && (condition))
#ifdef HARM_ONLY
#define invariant(what, condition) skip
#else
#define invariant(what, condition) promise(what, condition)
#endif

byte one_committer = 1, no_spare_alone = 1, new_generation = 1, complete_when_linked = 1;
byte no_lost_update = 1, no_dirty_read = 1, no_backward_read = 1, no_resurrection = 1;
byte no_renewed_session_swept = 1, no_session_replaced = 1, failure_is_final = 1;
byte recovery_of_the_version_before = 1, nothing_left_open = 1;
byte model_is_large_enough = 1, never_reached = 1;

/* 1 and 2. Before each call that changes what K means or what is in its file: at most one does. */
#define only_holder() invariant(one_committer, name[K] != NONE && inode[name[K]].owner == me)

/* 3. After each call that changes names: not only when all is quiet, and whoever was killed. */
#define check_spare() invariant(no_spare_alone, name[K] != NONE || name[SPARE] == NONE)

/*
 * 5, as far as it holds: the generation of a version is larger than that of every version that was current before, and
 * larger than any that the times of the same file have named before (`earlier`), so that (inode, mtime) names one
 * version. To the letter it does not hold: a temp file that a killed writer left has a generation that is given again.
 * With GENERATION_TO_THE_LETTER that is looked at.
 */
#ifdef GENERATION_TO_THE_LETTER
byte largest_written = 2;
#define has_written(generation) raise_to(largest_written, generation)
#define is_about_to_write(generation) promise(new_generation, (generation) > largest_written)
#else
#define has_written(generation) skip
#define is_about_to_write(generation) skip
#endif
#define check_generation(record, earlier) \
  invariant(new_generation, generation_of(record) > generation_of(committed) && generation_of(record) > earlier)

/*
 * What a snapshot may be: the version that is current at its end. Where only harm counts less is asked: a committed
 * version that was current at some time since the snapshot's beginning.
 */
#ifdef HARM_ONLY
short history[GENERATION_LIMIT];
#define make_history(record) history[generation_of(record)] = record
#define was_committed(record) (history[generation_of(record)] == record)
#else
#define make_history(record) skip
#define was_committed(record) (record == committed)
#endif

/* A new version of a session has become current: the file `which`. */
inline commit_takes_effect(which, earlier) {
  check_generation(inode[which].first, earlier);
  /* 4 */
  invariant(complete_when_linked, verifies(which));
  invariant(complete_when_linked,
            inode[which].mtime == stamp(header_deadline(inode[which].first), generation_of(inode[which].first)));
  promise(no_resurrection, !destroyed);
  increments++;
  renewed = true;
  committed = inode[which].first;
  make_history(committed);
  promise(no_lost_update, count_of(committed) == increments)
}

/* An earlier version has been written into the damaged file `which`. */
inline recovery_takes_effect(which, earlier) {
  check_generation(inode[which].first, earlier);
  /* Or of one that was not finished. */
  promise(recovery_of_the_version_before, count_of(inode[which].first) + 1 >= count_of(committed));
  committed = inode[which].first;
  make_history(committed);
  increments = count_of(committed)
}

inline creation_takes_effect(which) {
  promise(complete_when_linked, verifies(which));
  promise(no_spare_alone, name[SPARE] == NONE); /* nothing of an earlier life beside a new session */
  committed = inode[which].first;
  make_history(committed);
  increments = count_of(committed);
  renewed = true;
  swept = false;
  destroyed = false
}

/* A sweep is about to unlink K. */
inline sweep_takes_effect() {
  promise(no_renewed_session_swept, !renewed);
  promise(no_renewed_session_swept, name[K] != NONE && (!verifies(name[K]) || !lives(name[K])));
  swept = true
}

/*
 * Places that a configuration must come to, or it would show little. With PROBE=n the n-th of them is an error; the
 * script runs that and expects the error.
 */
#ifdef PROBE
#define probe(place) promise(never_reached, (place) != PROBE)
#else
#define probe(place) skip
#endif
#define LOCKED_THE_PAST 1      /* a lock on a file that is K's no more */
#define SPARE_BUSY 2           /* a commit finds the spare locked */
#define SPARE_LINKED_TWICE 3   /* or with a second link */
#define TEMP_TAKEN 4           /* a sweep has locked the temp file before its maker */
#define TEMP_LOST 5            /* a sweep has removed it before its maker locked it */
#define UNFINISHED_COMMIT 6    /* the generation rule: the spare is ahead of K */
#define RECOVERED 7
#define RECOVERED_UNFINISHED 8 /* the version of a commit that was killed */
#define QUARANTINED 9
#define FOUND_NOTHING 10       /* a writer finds that the session has gone */
#define SNAPSHOT_AGAIN 11      /* a reader must read again */
#define SNAPSHOT_NEWER 12      /* a snapshot is newer than what was current when it began */
#define SWEEP_BUSY 13
#define SWEEP_TOO_LATE 14      /* the session was renewed between the sweep's look and its lock */
#define SWEPT 15
#define TOUCHED 16
#define DESTROYED 17
#define NAME_TAKEN 18          /* a creation finds that there is a session */
#define TRIED_AGAIN 19         /* a commit that failed is repeated */
#define SETTLED 20             /* a recovery that was cut short at the last moment */
