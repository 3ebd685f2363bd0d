;; LZ4 block format (Yann Collet) and XXH64 (seed 0), for baskets of ROOT files.
;; scripts/make-wasm.sh makes lz4.wasm of it.
;;
;; Both read and write up to 15 bytes beyond what they are asked for: the caller leaves that much room after each array.
(module
  (memory (export "memory") 1)

  ;; Decompresses a block into exactly $size bytes at $out. Returns 1, or 0 when the block is damaged.
  (func (export "unzip") (param $in i32) (param $length i32) (param $out i32) (param $size i32) (result i32)
    (local $end i32) (local $start i32) (local $stop i32) (local $token i32) (local $count i32) (local $byte i32)
    (local $offset i32) (local $from i32) (local $to i32) (local $last i32)
    (local.set $end (i32.add (local.get $in) (local.get $length)))
    (local.set $start (local.get $out))
    (local.set $stop (i32.add (local.get $out) (local.get $size)))
    (block $damaged
      (block $done
        (loop $sequence
          (br_if $done (i32.eq (local.get $in) (local.get $end)))
          (local.set $token (i32.load8_u (local.get $in)))
          (local.set $in (i32.add (local.get $in) (i32.const 1)))

          ;; literals
          (local.set $count (i32.shr_u (local.get $token) (i32.const 4)))
          (if (i32.eq (local.get $count) (i32.const 15))
            (then
              (loop $more
                (br_if $damaged (i32.ge_u (local.get $in) (local.get $end)))
                (local.set $byte (i32.load8_u (local.get $in)))
                (local.set $in (i32.add (local.get $in) (i32.const 1)))
                (local.set $count (i32.add (local.get $count) (local.get $byte)))
                (br_if $more (i32.eq (local.get $byte) (i32.const 255))))))
          (br_if $damaged (i32.gt_u (local.get $count) (i32.sub (local.get $end) (local.get $in))))
          (br_if $damaged (i32.gt_u (local.get $count) (i32.sub (local.get $stop) (local.get $out))))
          (local.set $from (local.get $in))
          (local.set $to (local.get $out))
          (local.set $last (i32.add (local.get $out) (local.get $count)))
          (block $copied
            (loop $copy
              (br_if $copied (i32.ge_u (local.get $to) (local.get $last)))
              (v128.store (local.get $to) (v128.load (local.get $from)))
              (local.set $to (i32.add (local.get $to) (i32.const 16)))
              (local.set $from (i32.add (local.get $from) (i32.const 16)))
              (br $copy)))
          (local.set $in (i32.add (local.get $in) (local.get $count)))
          (local.set $out (local.get $last))
          ;; the last sequence has literals only
          (br_if $done (i32.eq (local.get $in) (local.get $end)))

          ;; a match: bytes that were written before
          (br_if $damaged (i32.lt_u (i32.sub (local.get $end) (local.get $in)) (i32.const 2)))
          (local.set $offset (i32.load16_u (local.get $in)))
          (local.set $in (i32.add (local.get $in) (i32.const 2)))
          (local.set $count (i32.and (local.get $token) (i32.const 15)))
          (if (i32.eq (local.get $count) (i32.const 15))
            (then
              (loop $more
                (br_if $damaged (i32.ge_u (local.get $in) (local.get $end)))
                (local.set $byte (i32.load8_u (local.get $in)))
                (local.set $in (i32.add (local.get $in) (i32.const 1)))
                (local.set $count (i32.add (local.get $count) (local.get $byte)))
                (br_if $more (i32.eq (local.get $byte) (i32.const 255))))))
          (local.set $count (i32.add (local.get $count) (i32.const 4)))
          (br_if $damaged (i32.eqz (local.get $offset)))
          (br_if $damaged (i32.gt_u (local.get $offset) (i32.sub (local.get $out) (local.get $start))))
          (br_if $damaged (i32.gt_u (local.get $count) (i32.sub (local.get $stop) (local.get $out))))
          (local.set $from (i32.sub (local.get $out) (local.get $offset)))
          (local.set $to (local.get $out))
          (local.set $last (i32.add (local.get $out) (local.get $count)))
          (if (i32.ge_u (local.get $offset) (i32.const 16))
            (then
              (loop $copy
                (v128.store (local.get $to) (v128.load (local.get $from)))
                (local.set $to (i32.add (local.get $to) (i32.const 16)))
                (local.set $from (i32.add (local.get $from) (i32.const 16)))
                (br_if $copy (i32.lt_u (local.get $to) (local.get $last)))))
            (else
              (if (i32.ge_u (local.get $offset) (i32.const 8))
                (then
                  (loop $copy
                    (i64.store (local.get $to) (i64.load (local.get $from)))
                    (local.set $to (i32.add (local.get $to) (i32.const 8)))
                    (local.set $from (i32.add (local.get $from) (i32.const 8)))
                    (br_if $copy (i32.lt_u (local.get $to) (local.get $last)))))
                (else
                  (loop $copy
                    (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
                    (local.set $to (i32.add (local.get $to) (i32.const 1)))
                    (local.set $from (i32.add (local.get $from) (i32.const 1)))
                    (br_if $copy (i32.lt_u (local.get $to) (local.get $last))))))))
          (local.set $out (local.get $last))
          (br $sequence)))
      (return (i32.eq (local.get $out) (local.get $stop))))
    (i32.const 0))

  (func $round (param $lane i64) (param $word i64) (result i64)
    (i64.mul
      (i64.rotl
        (i64.add (local.get $lane) (i64.mul (local.get $word) (i64.const 0xC2B2AE3D27D4EB4F)))
        (i64.const 31))
      (i64.const 0x9E3779B185EBCA87)))

  (func $merge (param $hash i64) (param $lane i64) (result i64)
    (i64.add
      (i64.mul
        (i64.xor (local.get $hash) (call $round (i64.const 0) (local.get $lane)))
        (i64.const 0x9E3779B185EBCA87))
      (i64.const 0x85EBCA77C2B2AE63)))

  (func (export "xxhash64") (param $in i32) (param $length i32) (result i64)
    (local $end i32) (local $hash i64) (local $a i64) (local $b i64) (local $c i64) (local $d i64)
    (local.set $end (i32.add (local.get $in) (local.get $length)))
    (if (i32.ge_u (local.get $length) (i32.const 32))
      (then
        (local.set $a (i64.add (i64.const 0x9E3779B185EBCA87) (i64.const 0xC2B2AE3D27D4EB4F)))
        (local.set $b (i64.const 0xC2B2AE3D27D4EB4F))
        (local.set $c (i64.const 0))
        (local.set $d (i64.sub (i64.const 0) (i64.const 0x9E3779B185EBCA87)))
        (loop $stripe
          (local.set $a (call $round (local.get $a) (i64.load (local.get $in))))
          (local.set $b (call $round (local.get $b) (i64.load offset=8 (local.get $in))))
          (local.set $c (call $round (local.get $c) (i64.load offset=16 (local.get $in))))
          (local.set $d (call $round (local.get $d) (i64.load offset=24 (local.get $in))))
          (local.set $in (i32.add (local.get $in) (i32.const 32)))
          (br_if $stripe (i32.ge_u (i32.sub (local.get $end) (local.get $in)) (i32.const 32))))
        (local.set $hash
          (i64.add
            (i64.add (i64.rotl (local.get $a) (i64.const 1)) (i64.rotl (local.get $b) (i64.const 7)))
            (i64.add (i64.rotl (local.get $c) (i64.const 12)) (i64.rotl (local.get $d) (i64.const 18)))))
        (local.set $hash (call $merge (local.get $hash) (local.get $a)))
        (local.set $hash (call $merge (local.get $hash) (local.get $b)))
        (local.set $hash (call $merge (local.get $hash) (local.get $c)))
        (local.set $hash (call $merge (local.get $hash) (local.get $d))))
      (else (local.set $hash (i64.const 0x27D4EB2F165667C5))))
    (local.set $hash (i64.add (local.get $hash) (i64.extend_i32_u (local.get $length))))
    (block $words
      (loop $word
        (br_if $words (i32.lt_u (i32.sub (local.get $end) (local.get $in)) (i32.const 8)))
        (local.set $hash
          (i64.add
            (i64.mul
              (i64.rotl
                (i64.xor (local.get $hash) (call $round (i64.const 0) (i64.load (local.get $in))))
                (i64.const 27))
              (i64.const 0x9E3779B185EBCA87))
            (i64.const 0x85EBCA77C2B2AE63)))
        (local.set $in (i32.add (local.get $in) (i32.const 8)))
        (br $word)))
    (if (i32.ge_u (i32.sub (local.get $end) (local.get $in)) (i32.const 4))
      (then
        (local.set $hash
          (i64.add
            (i64.mul
              (i64.rotl
                (i64.xor
                  (local.get $hash)
                  (i64.mul (i64.load32_u (local.get $in)) (i64.const 0x9E3779B185EBCA87)))
                (i64.const 23))
              (i64.const 0xC2B2AE3D27D4EB4F))
            (i64.const 0x165667B19E3779F9)))
        (local.set $in (i32.add (local.get $in) (i32.const 4)))))
    (block $bytes
      (loop $byte
        (br_if $bytes (i32.ge_u (local.get $in) (local.get $end)))
        (local.set $hash
          (i64.mul
            (i64.rotl
              (i64.xor
                (local.get $hash)
                (i64.mul (i64.load8_u (local.get $in)) (i64.const 0x27D4EB2F165667C5)))
              (i64.const 11))
            (i64.const 0x9E3779B185EBCA87)))
        (local.set $in (i32.add (local.get $in) (i32.const 1)))
        (br $byte)))
    (local.set $hash
      (i64.mul
        (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 33)))
        (i64.const 0xC2B2AE3D27D4EB4F)))
    (local.set $hash
      (i64.mul
        (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 29)))
        (i64.const 0x165667B19E3779F9)))
    (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 32)))))
