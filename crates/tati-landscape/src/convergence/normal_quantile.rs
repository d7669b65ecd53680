//! The inverse of the normal distribution function.

/// Φ⁻¹(p) for 0 < p < 1, to 1e-15 relative: algorithm AS 241, routine PPND16 (Wichura, Applied Statistics 37, 1988, 477).
pub(super) fn normal_quantile(p: f64) -> f64 {
    let centred = p - 0.5;
    if centred.abs() <= 0.425 {
        return centred * CENTRE.at(0.180625 - centred * centred);
    }
    let tail = if centred < 0.0 { p } else { 1.0 - p };
    let distance = (-tail.ln()).sqrt();
    let magnitude = if distance <= 5.0 {
        TAIL.at(distance - 1.6)
    } else {
        FAR_TAIL.at(distance - 5.0)
    };
    magnitude.copysign(centred)
}

/// A quotient of polynomials, coefficients from degree 0 to 7.
struct Rational {
    numerator: [f64; 8],
    denominator: [f64; 8],
}

impl Rational {
    fn at(&self, x: f64) -> f64 {
        let polynomial = |coefficients: &[f64; 8]| {
            let from_highest = coefficients.iter().rev();
            from_highest.fold(0.0, |sum, coefficient| sum * x + coefficient)
        };
        polynomial(&self.numerator) / polynomial(&self.denominator)
    }
}

const CENTRE: Rational = Rational {
    numerator: [
        3.387_132_872_796_366_5,
        1.331_416_678_917_843_8e2,
        1.971_590_950_306_551_3e3,
        1.373_169_376_550_946e4,
        4.592_195_393_154_987e4,
        6.726_577_092_700_87e4,
        3.343_057_558_358_813e4,
        2.509_080_928_730_122_7e3,
    ],
    denominator: [
        1.0,
        4.231_333_070_160_091e1,
        6.871_870_074_920_579e2,
        5.394_196_021_424_751e3,
        2.121_379_430_158_659_7e4,
        3.930_789_580_009_271e4,
        2.872_908_573_572_194_3e4,
        5.226_495_278_852_854e3,
    ],
};

const TAIL: Rational = Rational {
    numerator: [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        2.417_807_251_774_506e-1,
        2.272_384_498_926_918_4e-2,
        7.745_450_142_783_414e-4,
    ],
    denominator: [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        6.897_673_349_851e-1,
        1.481_039_764_274_800_8e-1,
        1.519_866_656_361_645_7e-2,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
};

const FAR_TAIL: Rational = Rational {
    numerator: [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        2.965_605_718_285_048_7e-1,
        2.653_218_952_657_612_4e-2,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    denominator: [
        1.0,
        5.998_322_065_558_879e-1,
        1.369_298_809_227_358e-1,
        1.487_536_129_085_061_5e-2,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_scipy() {
        // scipy.stats.norm.ppf, version 1.17.1.
        let references = [
            (1e-300, -37.0470962993612),
            (1e-30, -11.464024688443613),
            (1.3e-11, -6.667611456510741),
            (1.4e-11, -6.656723091518184),
            (3.125e-05, -4.0031675714504615),
            (0.01, -2.3263478740408408),
            (0.0749, -1.4402382675279635),
            (0.0751, -1.4388253927525403),
            (0.3, -0.5244005127080409),
            (0.4999, -0.0002506628300880075),
            (0.6, 0.2533471031357997),
            (0.925, 1.4395314709384563),
            (0.9251, 1.4402382675279635),
            (0.975, 1.959963984540054),
            (0.9999996875, 4.983327602083852),
        ];
        for (p, expected) in references {
            let found = normal_quantile(p);
            assert!(
                (found / expected - 1.0).abs() < 2e-15,
                "{p}: {found} {expected}"
            );
        }
        assert_eq!(normal_quantile(0.5), 0.0);
    }

    #[test]
    fn is_odd_about_a_half_and_rises() {
        let mut last = f64::NEG_INFINITY;
        for i in 1..4096 {
            let p = f64::from(i) / 4096.0;
            let z = normal_quantile(p);
            assert!(z > last);
            assert_eq!(z, -normal_quantile(1.0 - p));
            last = z;
        }
    }
}
