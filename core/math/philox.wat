;; Philox4x32-10 (Salmon et al., SC'11, doi:10.1145/2063384.2063405): philox.ts says what goes in and comes out.
;; In WebAssembly, because a round is two products of 32 by 32 to 64 bits, which JavaScript has only in 16-bit pieces.
;; scripts/make-wasm.sh makes philox.wasm of it.
(module
  (memory (export "memory") 1)

  ;; $count blocks, one or more, of counters ($first + k, $s1, $s2, $s3), from the start of the memory on.
  (func (export "blocks") (param $count i32) (param $first i32) (param $s1 i32) (param $s2 i32) (param $s3 i32)
                          (param $key0 i32) (param $key1 i32)
    (local $out i32) (local $end i32) (local $round i32) (local $k0 i32) (local $k1 i32)
    (local $c0 i32) (local $c1 i32) (local $c2 i32) (local $c3 i32) (local $p0 i64) (local $p1 i64)
    (local.set $end (i32.shl (local.get $count) (i32.const 4)))
    (loop $block
      (local.set $c0 (local.get $first))
      (local.set $c1 (local.get $s1))
      (local.set $c2 (local.get $s2))
      (local.set $c3 (local.get $s3))
      (local.set $k0 (local.get $key0))
      (local.set $k1 (local.get $key1))
      (local.set $round (i32.const 10))
      (loop $rounds
        (local.set $p0 (i64.mul (i64.extend_i32_u (local.get $c0)) (i64.const 0xd2511f53)))
        (local.set $p1 (i64.mul (i64.extend_i32_u (local.get $c2)) (i64.const 0xcd9e8d57)))
        (local.set $c0 (i32.xor (i32.xor (i32.wrap_i64 (i64.shr_u (local.get $p1) (i64.const 32))) (local.get $c1)) (local.get $k0)))
        (local.set $c1 (i32.wrap_i64 (local.get $p1)))
        (local.set $c2 (i32.xor (i32.xor (i32.wrap_i64 (i64.shr_u (local.get $p0) (i64.const 32))) (local.get $c3)) (local.get $k1)))
        (local.set $c3 (i32.wrap_i64 (local.get $p0)))
        ;; The Weyl sequence of the key.
        (local.set $k0 (i32.add (local.get $k0) (i32.const 0x9e3779b9)))
        (local.set $k1 (i32.add (local.get $k1) (i32.const 0xbb67ae85)))
        (br_if $rounds (local.tee $round (i32.sub (local.get $round) (i32.const 1)))))
      (i32.store (local.get $out) (local.get $c0))
      (i32.store offset=4 (local.get $out) (local.get $c1))
      (i32.store offset=8 (local.get $out) (local.get $c2))
      (i32.store offset=12 (local.get $out) (local.get $c3))
      (local.set $first (i32.add (local.get $first) (i32.const 1)))
      (br_if $block (i32.lt_u (local.tee $out (i32.add (local.get $out) (i32.const 16))) (local.get $end))))))
