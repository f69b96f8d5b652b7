# A gateway in an image: mount a module and serve it, such as
#   docker run -v ./gateway.mjs:/gateway/gateway.mjs -e HEADGATE_HUB=… -p 9000:9000 headgate serve gateway.mjs --admin-host 0.0.0.0
FROM node:20-bookworm-slim AS build
WORKDIR /headgate
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
COPY --from=build /headgate/package.json /headgate/package.json
COPY --from=build /headgate/node_modules /headgate/node_modules
COPY --from=build /headgate/dist /headgate/dist
# Modules that are mounted find the library by its name.
RUN mkdir -p /gateway/node_modules && ln -s /headgate /gateway/node_modules/headgate
WORKDIR /gateway
USER node
EXPOSE 9000 9100
STOPSIGNAL SIGTERM
# The flag is the program's own, see ARCHITECTURE.md: garbage collection is the one setting that matters.
ENTRYPOINT ["node", "--max-semi-space-size=64", "/headgate/dist/cli/main.js"]
CMD ["--help"]
