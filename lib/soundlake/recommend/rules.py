"""The curated playlists, declared: which tracks each takes, and in which order. Needs no Spark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A playlist, or one for each value of the column `each`.

    `where` and `score` are SQL over the columns that `soundlake.recommend.curated.candidates` gives; the highest score
    comes first. `slug` and `name` may hold `{}`, the value. `rule` says in words what the SQL does.
    """

    kind: str
    slug: str
    name: str
    rule: str
    where: str
    score: str
    each: str | None = None


RULES: tuple[Rule, ...] = (
    Rule(
        kind="starter",
        slug="starter",
        name="For a new listener",
        rule="the best known tracks of each cluster in turn",
        where="place_in_cluster IS NOT NULL",
        score="1.0 / place_in_cluster + appeal / 1000.0",
    ),
    Rule(
        kind="rising",
        slug="rising",
        name="Rising",
        rule="tracks with more listeners in the last four weeks than in the four before, by how many times as many",
        where="listeners_now >= 3 AND listeners_now > listeners_before",
        score="(listeners_now + 1.0) / (listeners_before + 1.0)",
    ),
    Rule(
        kind="activity",
        slug="focus",
        name="Focus",
        rule="instrumental, few words, neither wild nor sleepy: instrumentalness over 0.5, speechiness under 0.1, "
        "energy from 0.2 to 0.7",
        where="instrumentalness > 0.5 AND speechiness < 0.1 AND energy BETWEEN 0.2 AND 0.7",
        score="instrumentalness - speechiness - abs(energy - 0.45) + 0.2 * appeal",
    ),
    Rule(
        kind="activity",
        slug="workout",
        name="Workout",
        rule="fast and driving: energy over 0.75, danceability over 0.6, 115 to 160 beats a minute",
        where="energy > 0.75 AND danceability > 0.6 AND tempo BETWEEN 115.0 AND 160.0",
        score="energy + danceability + 0.3 * appeal",
    ),
    Rule(
        kind="activity",
        slug="sleep",
        name="Sleep",
        rule="quiet and acoustic: energy under 0.35, acousticness over 0.6, below -9 dB, under 120 beats a minute",
        where="energy < 0.35 AND acousticness > 0.6 AND loudness < -9.0 AND tempo < 120.0 AND speechiness < 0.1",
        score="acousticness - energy + 0.3 * instrumentalness + 0.1 * appeal",
    ),
    Rule(
        kind="activity",
        slug="party",
        name="Party",
        rule="happy to dance to: danceability and energy over 0.7, valence over 0.5",
        where="danceability > 0.7 AND energy > 0.7 AND valence > 0.5",
        score="danceability + 0.5 * energy + 0.5 * valence + 0.5 * appeal",
    ),
    Rule(
        kind="mood",
        slug="mood-{}",
        name="Mood: {}",
        rule="the best known tracks near the middle of the cluster",
        where="cluster_name IS NOT NULL",
        score="(0.2 + appeal) / (1.0 + distance)",
        each="cluster_name",
    ),
    Rule(
        kind="genre",
        slug="genre-{}",
        name="Best of {}",
        rule="the best known tracks of artists whose first genre it is",
        where="genre_tracks >= 20",
        score="appeal",
        each="genre",
    ),
)
