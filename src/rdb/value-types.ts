/** The first byte of a value: its type and form. Modules' values, which have types 6 and 7, cannot be read by who has not the module. */
export const TEXT = 0;
export const LIST = 1;
export const SET = 2;
/** Scores as digits. */
export const SORTED_SET = 3;
export const HASH = 4;
/** Scores as doubles. */
export const SORTED_SET_2 = 5;
export const HASH_ZIPMAP = 9;
export const LIST_ZIPLIST = 10;
export const SET_INTSET = 11;
export const SORTED_SET_ZIPLIST = 12;
export const HASH_ZIPLIST = 13;
/** A list of ziplists. */
export const LIST_QUICKLIST = 14;
/** Since Redis 5.0; what is known of a stream has grown with 7.0 and 7.2. */
export const STREAM_LISTPACKS = 15;
export const HASH_LISTPACK = 16;
export const SORTED_SET_LISTPACK = 17;
/** A list of listpacks, and of elements too long for them. */
export const LIST_QUICKLIST_2 = 18;
export const STREAM_LISTPACKS_2 = 19;
/** Since Redis 7.2. */
export const SET_LISTPACK = 20;
export const STREAM_LISTPACKS_3 = 21;

/** What a node of `LIST_QUICKLIST_2` is. */
export const NODE_PLAIN = 1;
export const NODE_PACKED = 2;
