//! One block of SHA-256 (FIPS 180-4, 6.2.2).
//!
//! Sixteen rounds are written out and gone through four times: as fast in Wasm as all 64 written out, in a third of the code. The
//! names of the eight working variables turn instead of their values.

/// The cube roots of the first 64 primes (FIPS 180-4, 4.2.2).
static ROOTS: [[u32; 16]; 4] = [
    [
        0x428a_2f98,
        0x7137_4491,
        0xb5c0_fbcf,
        0xe9b5_dba5,
        0x3956_c25b,
        0x59f1_11f1,
        0x923f_82a4,
        0xab1c_5ed5,
        0xd807_aa98,
        0x1283_5b01,
        0x2431_85be,
        0x550c_7dc3,
        0x72be_5d74,
        0x80de_b1fe,
        0x9bdc_06a7,
        0xc19b_f174,
    ],
    [
        0xe49b_69c1,
        0xefbe_4786,
        0x0fc1_9dc6,
        0x240c_a1cc,
        0x2de9_2c6f,
        0x4a74_84aa,
        0x5cb0_a9dc,
        0x76f9_88da,
        0x983e_5152,
        0xa831_c66d,
        0xb003_27c8,
        0xbf59_7fc7,
        0xc6e0_0bf3,
        0xd5a7_9147,
        0x06ca_6351,
        0x1429_2967,
    ],
    [
        0x27b7_0a85,
        0x2e1b_2138,
        0x4d2c_6dfc,
        0x5338_0d13,
        0x650a_7354,
        0x766a_0abb,
        0x81c2_c92e,
        0x9272_2c85,
        0xa2bf_e8a1,
        0xa81a_664b,
        0xc24b_8b70,
        0xc76c_51a3,
        0xd192_e819,
        0xd699_0624,
        0xf40e_3585,
        0x106a_a070,
    ],
    [
        0x19a4_c116,
        0x1e37_6c08,
        0x2748_774c,
        0x34b0_bcb5,
        0x391c_0cb3,
        0x4ed8_aa4a,
        0x5b9c_ca4f,
        0x682e_6ff3,
        0x748f_82ee,
        0x78a5_636f,
        0x84c8_7814,
        0x8cc7_0208,
        0x90be_fffa,
        0xa450_6ceb,
        0xbef9_a3f7,
        0xc671_78f2,
    ],
];

/// One round: a sum of the eight variables goes into `$d` and `$h`, which are the next round's `$e` and `$a`.
macro_rules! round {
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $root:ident, $word:ident, $differed:ident) => {
        let choice = $g ^ ($e & ($f ^ $g));
        // Where $a and $b differ, $c decides. What differs now is what $b and $c differ in next.
        let differ = $a ^ $b;
        let majority = $b ^ (differ & $differed);
        $differed = differ;
        let sum = $h
            .wrapping_add($e.rotate_right(6) ^ $e.rotate_right(11) ^ $e.rotate_right(25))
            .wrapping_add(choice)
            .wrapping_add($root)
            .wrapping_add($word);
        $d = $d.wrapping_add(sum);
        $h = sum
            .wrapping_add($a.rotate_right(2) ^ $a.rotate_right(13) ^ $a.rotate_right(22))
            .wrapping_add(majority);
    };
}

/// The message word sixteen rounds on, in place.
macro_rules! extend {
    ($word:ident, $second:ident, $tenth:ident, $fifteenth:ident) => {
        $word = $word
            .wrapping_add($second.rotate_right(7) ^ $second.rotate_right(18) ^ $second >> 3)
            .wrapping_add($tenth)
            .wrapping_add(
                $fifteenth.rotate_right(17) ^ $fifteenth.rotate_right(19) ^ $fifteenth >> 10,
            );
    };
}

/// Takes a block into the state.
pub(crate) fn compress(state: &mut [u32; 8], block: &[u8; 64]) {
    let (words, _) = block.as_chunks::<4>();
    let Some(
        &[
            m0,
            m1,
            m2,
            m3,
            m4,
            m5,
            m6,
            m7,
            m8,
            m9,
            m10,
            m11,
            m12,
            m13,
            m14,
            m15,
        ],
    ) = words.first_chunk::<16>()
    else {
        return;
    };
    let mut w0 = u32::from_be_bytes(m0);
    let mut w1 = u32::from_be_bytes(m1);
    let mut w2 = u32::from_be_bytes(m2);
    let mut w3 = u32::from_be_bytes(m3);
    let mut w4 = u32::from_be_bytes(m4);
    let mut w5 = u32::from_be_bytes(m5);
    let mut w6 = u32::from_be_bytes(m6);
    let mut w7 = u32::from_be_bytes(m7);
    let mut w8 = u32::from_be_bytes(m8);
    let mut w9 = u32::from_be_bytes(m9);
    let mut w10 = u32::from_be_bytes(m10);
    let mut w11 = u32::from_be_bytes(m11);
    let mut w12 = u32::from_be_bytes(m12);
    let mut w13 = u32::from_be_bytes(m13);
    let mut w14 = u32::from_be_bytes(m14);
    let mut w15 = u32::from_be_bytes(m15);
    let [a0, b0, c0, d0, e0, f0, g0, h0] = *state;
    let (mut a, mut b, mut c, mut d) = (a0, b0, c0, d0);
    let (mut e, mut f, mut g, mut h) = (e0, f0, g0, h0);
    let mut differed = b ^ c;
    for (pass, roots) in ROOTS.iter().enumerate() {
        if pass > 0 {
            extend!(w0, w1, w9, w14);
            extend!(w1, w2, w10, w15);
            extend!(w2, w3, w11, w0);
            extend!(w3, w4, w12, w1);
            extend!(w4, w5, w13, w2);
            extend!(w5, w6, w14, w3);
            extend!(w6, w7, w15, w4);
            extend!(w7, w8, w0, w5);
            extend!(w8, w9, w1, w6);
            extend!(w9, w10, w2, w7);
            extend!(w10, w11, w3, w8);
            extend!(w11, w12, w4, w9);
            extend!(w12, w13, w5, w10);
            extend!(w13, w14, w6, w11);
            extend!(w14, w15, w7, w12);
            extend!(w15, w0, w8, w13);
        }
        let [
            k0,
            k1,
            k2,
            k3,
            k4,
            k5,
            k6,
            k7,
            k8,
            k9,
            k10,
            k11,
            k12,
            k13,
            k14,
            k15,
        ] = *roots;
        round!(a b c d e f g h, k0, w0, differed);
        round!(h a b c d e f g, k1, w1, differed);
        round!(g h a b c d e f, k2, w2, differed);
        round!(f g h a b c d e, k3, w3, differed);
        round!(e f g h a b c d, k4, w4, differed);
        round!(d e f g h a b c, k5, w5, differed);
        round!(c d e f g h a b, k6, w6, differed);
        round!(b c d e f g h a, k7, w7, differed);
        round!(a b c d e f g h, k8, w8, differed);
        round!(h a b c d e f g, k9, w9, differed);
        round!(g h a b c d e f, k10, w10, differed);
        round!(f g h a b c d e, k11, w11, differed);
        round!(e f g h a b c d, k12, w12, differed);
        round!(d e f g h a b c, k13, w13, differed);
        round!(c d e f g h a b, k14, w14, differed);
        round!(b c d e f g h a, k15, w15, differed);
    }
    *state = [
        a0.wrapping_add(a),
        b0.wrapping_add(b),
        c0.wrapping_add(c),
        d0.wrapping_add(d),
        e0.wrapping_add(e),
        f0.wrapping_add(f),
        g0.wrapping_add(g),
        h0.wrapping_add(h),
    ];
}

#[cfg(test)]
mod tests {
    use super::compress;
    use crate::testing::Choices;

    #[test]
    fn blocks_equal_the_librarys() {
        let mut choices = Choices::new(17);
        for _ in 0..2_000 {
            let mut state: [u32; 8] = core::array::from_fn(|_| choices.word() as u32);
            let block: [u8; 64] = core::array::from_fn(|_| choices.word() as u8);
            let mut expected = state;
            sha2::block_api::compress256(&mut expected, &[block]);
            compress(&mut state, &block);
            assert_eq!(state, expected);
        }
    }
}
