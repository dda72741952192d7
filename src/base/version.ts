/** What this is, for banners, INFO and HELLO. A test holds it to package.json. */
export const version = "0.1.0";

/** The Redis release whose behaviour is followed; clients choose features by it. */
export const redisVersion = "7.0.15";
