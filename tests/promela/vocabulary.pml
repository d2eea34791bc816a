/*
 * What the other files speak of: names, versions, stamps.
 */

#define NONE 0 /* no inode, no owner, no name */

/*
 * Names. A process needs a second temp name when a sweep has taken the first one. No temp name is used twice: one that
 * is free again stands for a new one.
 */
#define K 1
#define SPARE 2 /* K~ */
#define TEMPS_EACH 2
#define first_temp(process) (SPARE + 1 + TEMPS_EACH * ((process) - 1))
#define TEMP_MAKERS (WRITERS + RENAME_WRITERS + CREATES + STRANGERS) /* they have the lowest process numbers */
#define NAMES (SPARE + 1 + TEMPS_EACH * TEMP_MAKERS)

/*
 * A version is a number that holds what tells versions apart: the generation, the count (the value of the session,
 * which every commit raises by one), its author, and the deadline that its header names.
 */

#define version(generation, count, author, deadline) ((generation) << 10 | (count) << 6 | (author) << 2 | (deadline))
#define generation_of(record) ((record) >> 10)
#define count_of(record) ((record) >> 6 & 15)
#define header_deadline(record) ((record) & 3)
#define GENERATION_LIMIT 31

/*
 * An mtime is a stamp: the deadline, and the digits of a generation. What the kernel sets by itself when a file is
 * written or cut is a moment that has passed; in the model it is always the same one, which is the worst case.
 */
#define stamp(deadline, generation) ((generation) << 2 | (deadline))
#define stamped_deadline(mtime) ((mtime) & 3)
#define stamped_digits(mtime) ((mtime) >> 2)
#define KERNEL_TIME 0

/* When a session expires that is renewed now. Renewals all give the same deadline: the worst case for stamps. */
#define RENEWED 2
#ifdef CLOCK
#define FIRST_DEADLINE 1 /* passes when the clock ticks */
#else
#define FIRST_DEADLINE RENEWED
#endif

#define raise_to(variable, value) \
  if \
  :: (value) > (variable) -> variable = (value) \
  :: else \
  fi
