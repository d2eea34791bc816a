/*
 * The operations: each is one process, which does it once and ends. What follows `exit` is what the kernel does for a
 * process that ends, also for one that was killed. (It forgets its variables so that fewer states differ.)
 */

#define WRITE 0
#define WRITE_BY_RENAME 1
#define CREATE 2
#define TOUCH 3
#define DESTROY 4
#define SWEEP 5

#if WRITERS + RENAME_WRITERS > 0
/* An update or a merge: lock, read, commit COMMITS times, release. One kind exchanges, the other renames only. */
proctype writer(byte me; byte kind; bool renames) {
  byte file = NONE, next = NONE, temp = NONE, scratch = NONE;
  byte highest = 0, generation = 0, deadline = 0, earlier = 0, commits = 0;
  short loaded = 0, record = 0;
  bool good = false, on_spare = false;

#ifdef MERGE_CREATES
  call(good = (name[K] != NONE)); /* the snapshot that the merge is made on */
  if
  :: !good -> goto exit
  :: else
  fi;
#endif
  lock_session(kind);
  load_or_recover();
  if
  :: deadline <= wall_clock -> goto exit /* expired */
  :: else
  fi;
  do
  :: commits == COMMITS -> break
  :: else ->
     commit_session();
     commits++
  od;
  goto exit;

  /* "Merge": nothing is written, and nothing created. */
absent:
  skip;
  probe(FOUND_NOTHING);
#ifdef MERGE_CREATES
  make_temp();
  record = version(1, 0, me, RENEWED);
  call(begin_write(next); write_first(next, record));
  call(write_second(next, record));
  call(set_times(next, RENEWED, 1));
  call(if
       :: name[K] == NONE -> promise(no_resurrection, !destroyed); rename_over(temp, K)
       :: else -> unlink(temp)
       fi);
#endif

exit:
  skip;
  d_step {
    close_file(file);
    close_file(next);
    temp = NONE; highest = 0; generation = 0; deadline = 0; earlier = 0; commits = 0; loaded = 0; record = 0;
    good = false; on_spare = false
  }
}
#endif

#if READERS > 0
#ifdef NO_STAMP
#define same_stamp true
#else
#define same_stamp (inode[seen].mtime == before)
#endif
#if defined(NO_STAMP) || defined(NO_DIGITS)
#define stamp_of(part) true
#else
#define stamp_of(part) (stamped_digits(before) == generation_of(part))
#endif

/*
 * "Snapshot": one, without a lock, at any time. It is at least as new as what was current when it began; so a process
 * that takes several never sees them go backwards. It reads again until it gives up, or is killed: after 64 failures a
 * reader takes the lock, reads, and recovers, as a touch that has nothing to gain does.
 */
proctype reader(byte me) {
  byte file = NONE, seen = NONE, before = 0, oldest = 0;
  short first_part = 0, second_part = 0;

  do
  :: atomic {
       open_file(K, file);
       oldest = generation_of(committed)
     }
     if
     :: file == NONE -> break
     :: else
     fi;
     read_time(file, before);
     read_first(file, first_part);
     read_second(file, second_part);
     seen = file;
#ifdef READER_CLOSES_EARLY
     close_file(file);
#endif
     atomic {
       printf("%d: stat name 1: inode %d\n", me, name[K]);
       if
       :: name[K] == seen && same_stamp && first_part != 0 && first_part == second_part && stamp_of(first_part) ->
          printf("%d: SNAPSHOT: generation %d, count %d\n", me, generation_of(first_part), count_of(first_part));
          promise(no_dirty_read, was_committed(first_part));
          promise(no_backward_read, generation_of(first_part) >= oldest);
          if
          :: generation_of(first_part) > oldest -> probe(SNAPSHOT_NEWER)
          :: else
          fi;
          break
       :: else -> probe(SNAPSHOT_AGAIN)
       fi
     }
     d_step {
       close_file(file);
       seen = NONE; before = 0; oldest = 0; first_part = 0; second_part = 0
     };
     if
     :: true -> break
     :: true
     fi
  od;
  d_step {
    close_file(file);
    seen = NONE; before = 0; oldest = 0; first_part = 0; second_part = 0
  }
}
#endif

#if TOUCHES > 0
/* "Touch". */
proctype touch(byte me) {
  byte file = NONE;
  byte highest = 0, deadline = 0, earlier = 0;
  short loaded = 0;
  bool good = false;

#ifdef TOUCH_WITHOUT_LOCK
  call(open_file(K, file));
  if
  :: file == NONE -> goto exit
  :: else
  fi;
  call(load());
  if
  :: !good -> goto exit
  :: else
  fi;
#else
  lock_session(TOUCH);
  load_or_recover();
#endif
  if
  :: deadline <= wall_clock -> goto exit /* expired */
  :: deadline == RENEWED -> goto exit /* nothing to gain */
  :: else
  fi;
  call(set_times(file, RENEWED, generation_of(loaded));
       promise(no_renewed_session_swept, !swept); /* its caller is told that it was renewed */
       renewed = true);
  probe(TOUCHED);
absent:
exit:
  skip;
  d_step {
    close_file(file);
    highest = 0; deadline = 0; earlier = 0; loaded = 0; good = false
  }
}
#endif

#if DESTROYS > 0
/* "Destroy". */
proctype destroy(byte me) {
  byte file = NONE;
  byte highest = 0, deadline = 0;
  short loaded = 0;
  bool good = false;

  lock_session(DESTROY);
  load_only();
#ifdef SPARE_UNLINKED_LAST
  call(only_holder(); unlink(K); destroyed = true; check_spare());
  call(unlink(SPARE));
#else
  call(only_holder(); unlink(SPARE));
  call(only_holder(); unlink(K); destroyed = true; check_spare());
#endif
  probe(DESTROYED);
absent:
exit:
  skip;
  d_step {
    close_file(file);
    highest = 0; deadline = 0; loaded = 0; good = false
  }
}
#endif

#if SWEEPS > 0
/* "Sweep", of the record. It does not wait. */
proctype sweep(byte me) {
  byte file = NONE;
  byte highest = 0, deadline = 0;
  short loaded = 0;
  bool good = false;

  first_call(SWEEP, good = (name[K] != NONE && stamped_deadline(inode[name[K]].mtime) <= wall_clock);
             printf("%d: stat name 1: expired %d\n", me, good));
  if
  :: !good -> goto exit
  :: else
  fi;
  call(open_file(K, file));
  if
  :: file == NONE -> goto exit
  :: else
  fi;
#ifndef SWEEP_WITHOUT_LOCK
  call(try_lock(file, good));
  if
  :: !good ->
     probe(SWEEP_BUSY); /* busy means live */
     goto exit
  :: else
  fi;
#endif
#ifndef SWEEP_NO_RECHECK_INODE
  call(look(K, file, good));
  if
  :: !good -> goto exit
  :: else
  fi;
#endif
  load_only();
#ifndef SWEEP_NO_RECHECK_DEADLINE
  if
  :: deadline > wall_clock ->
     probe(SWEEP_TOO_LATE);
     goto exit
  :: else
  fi;
#endif
  call(only_holder(); unlink(SPARE));
  call(only_holder(); sweep_takes_effect(); unlink(K); check_spare());
  probe(SWEPT);
absent:
exit:
  skip;
  d_step {
    close_file(file);
    highest = 0; deadline = 0; loaded = 0; good = false
  }
}
#endif

#if LEFTOVER_SWEEPS > 0
/*
 * "Sweep", of a temp file that a killed program left: of any one, also of one in use. The real sweep leaves young ones
 * alone; this one does not, so that nothing depends on that.
 */
proctype sweep_leftover(byte me) {
  byte file = NONE, temp = NONE;
  bool good = false;

  call(temp = SPARE + 1;
       do
       :: temp + 1 < NAMES -> temp++
       :: true -> break
       od;
       open_file(temp, file));
  if
  :: file == NONE -> goto exit
  :: else
  fi;
  call(try_lock(file, good));
  if
  :: !good -> goto exit
  :: else
  fi;
  call(look(temp, file, good));
  if
  :: !good -> goto exit
  :: else
  fi;
  call(unlink(temp));
exit:
  skip;
  d_step {
    close_file(file);
    temp = NONE; good = false
  }
}
#endif

#if SPARE_SWEEPS > 0
/* "Sweep", of the spare of a session that has been idle for long: of any session, as there is no age here. */
proctype sweep_spare(byte me) {
  byte file = NONE;
  byte highest = 0, deadline = 0;
  short loaded = 0;
  bool good = false;

  call(open_file(K, file));
  if
  :: file == NONE -> goto exit
  :: else
  fi;
  call(try_lock(file, good));
  if
  :: !good -> goto exit
  :: else
  fi;
  call(look(K, file, good));
  if
  :: !good -> goto exit
  :: else
  fi;
  call(load());
  if
  :: !good -> goto exit
  :: else
  fi;
  call(only_holder(); unlink(SPARE));
exit:
  skip;
  d_step {
    close_file(file);
    highest = 0; deadline = 0; loaded = 0; good = false
  }
}
#endif

#if CREATES > 0
#ifdef CREATE_REPLACES
#define is_taken false
#else
#define is_taken (name[K] != NONE)
#endif
#ifdef CREATE_BY_LINK
#define give_name(from, to) link(from, to)
#else
#define give_name(from, to) rename_over(from, to)
#endif

/* "Create", of a session that may be there already; then COMMITS under the lock that it has from the start. */
proctype create(byte me) {
  byte file = NONE, next = NONE, temp = NONE, scratch = NONE;
  byte highest = 0, generation = 0, earlier = 0, commits = 0;
  short loaded = 0, record = 0;
  bool good = false, on_spare = false, renames = false;

  first_call(CREATE, skip);
  do
  :: file != NONE -> break
  :: else ->
     make_temp();
     record = version(1, 0, me, RENEWED);
     call(begin_write(next); write_first(next, record));
     call(write_second(next, record));
     call(set_times(next, RENEWED, 1));
     call(if
          :: name[temp] == NONE -> close_file(next) /* ENOENT: a sweep has taken the file */
          :: name[temp] != NONE && is_taken -> goto taken
          :: else ->
             promise(no_session_replaced, name[K] == NONE);
             give_name(temp, K);
             creation_takes_effect(next);
             file = next;
             next = NONE
          fi);
#ifdef CREATE_BY_LINK
     call(unlink(temp))
#endif
  od;
  loaded = record;
  highest = 1;
  do
  :: commits == COMMITS -> break
  :: else ->
     commit_session();
     commits++
  od;
  goto exit;
taken:
  skip;
  probe(NAME_TAKEN);
  call(unlink(temp));
exit:
  skip;
  d_step {
    close_file(file);
    close_file(next);
    temp = NONE; highest = 0; generation = 0; earlier = 0; commits = 0; loaded = 0; record = 0;
    good = false; on_spare = false
  }
}
#endif

/* What is no part of the protocol, but happens to it. */

#ifdef CLOCK
proctype tick() {
  wall_clock = 1
}
#endif

#if DAMAGES > 0
/* The content of K is lost while nobody has it locked: all of it, or all but the header. */
proctype damage() {
  d_step {
    if
    :: name[K] != NONE && inode[name[K]].owner == NONE ->
       inode[name[K]].second = 0;
#ifndef DAMAGE_SPARES_HEADER
       inode[name[K]].first = 0;
#endif
       printf("DAMAGE to inode %d\n", name[K])
    :: else
    fi
  }
}
#endif

#if STRANGERS > 0
/* Another session's file: takes an inode that is free, and gives it back. */
proctype stranger(byte me) {
  byte file = NONE;

  create_file(first_temp(me), file);
  d_step {
    inode[file].first = version(7, 7, me, RENEWED);
    inode[file].second = inode[file].first;
    inode[file].mtime = stamp(RENEWED, 7)
  }
  d_step {
    unlink(first_temp(me));
    close_file(file)
  }
}
#endif
