import type { Region } from "../backend/generated/Region";

/** CleverTap's regions, with the part of the address that tells them apart. */
export const regions: readonly { value: Region; label: string; host: string }[] = [
  { value: "india", label: "India (in1)", host: "in1.api.clevertap.com" },
  { value: "singapore", label: "Singapore (sg1)", host: "sg1.api.clevertap.com" },
  { value: "united_states", label: "United States (us1)", host: "us1.api.clevertap.com" },
  { value: "indonesia", label: "Indonesia (aps3)", host: "aps3.api.clevertap.com" },
  { value: "uae", label: "UAE (mec1)", host: "mec1.api.clevertap.com" },
  { value: "europe", label: "Europe", host: "api.clevertap.com" },
];

export function regionName(region: Region): string {
  return (regions.find((one) => one.value === region)?.label ?? region).replace(/ \(.*/, "");
}

export function asRegion(value: string): Region | null {
  return regions.find((one) => one.value === value)?.value ?? null;
}
